// Any body of a POST to /api/v2/silences:
//   - what is refused is refused with a reason
//   - what is taken is the same after it was stored, and after it was shown and posted again
//   - each of its matchers prints to a text that reads back as the same matcher
//   - found through the index exactly if its matchers accept the labels

#include <memory>
#include <string>

#include "base/check.h"
#include "integrations/http/alertmanager_json.h"
#include "integrations/routing/silence_index.h"
#include "integrations/routing/silence_record.h"
#include "tests/fuzz/input.h"

namespace tocsin::http {
namespace {

using delivery::Matcher;
using routing::Silence;

// The strings as they are: a library's message would hide which bytes differ.
std::string Shown(const Silence& silence) {
  return Dump(ToJson(silence, silence.starts_at));
}

void CheckMatcher(const Matcher& matcher) {
  const auto read = delivery::ParseMatchers(matcher.ToString());
  TOCSIN_CHECK(read.ok()) << matcher.ToString() << ": " << read.status().ToString();
  TOCSIN_CHECK(read->size() == 1) << matcher.ToString();
  const Matcher& back = read->front();
  TOCSIN_CHECK(back.name() == matcher.name() && back.op() == matcher.op() &&
               back.value() == matcher.value())
      << matcher.ToString();
}

void CheckIndex(const Silence& silence) {
  routing::SilenceIndex index;
  index.Add(std::make_shared<const Silence>(silence));
  LabelsBuilder builder;
  for (const Matcher& matcher : silence.matchers) builder.Set(matcher.name(), matcher.value());
  for (const Labels& labels : {Labels(), builder.Build()}) {
    bool found = false;
    index.ForEachMatch(labels, [&](const Silence&) { found = true; });
    TOCSIN_CHECK(found == routing::Matches(silence, labels)) << labels.ToString();
  }
  index.Remove(silence.id);
  TOCSIN_CHECK(index.size() == 0);
}

void CheckSilence(absl::string_view body) {
  const auto silence = ParseSilence(body);
  if (!silence.ok()) {
    TOCSIN_CHECK(!silence.status().message().empty());
    return;
  }
  const auto stored = routing::DecodeSilence(routing::EncodeSilence(*silence));
  TOCSIN_CHECK(stored.ok()) << stored.status().ToString();
  TOCSIN_CHECK(Shown(*stored) == Shown(*silence)) << Shown(*stored) << Shown(*silence);
  for (const Matcher& matcher : silence->matchers) CheckMatcher(matcher);
  if (routing::ValidateSilence(*silence).ok()) CheckIndex(*silence);
  // Years beyond 9999 are shown in a way that is not read.
  const auto again = ParseSilence(Shown(*silence));
  if (!again.ok()) return;
  TOCSIN_CHECK(Shown(*again) == Shown(*silence)) << Shown(*again);
}

}  // namespace
}  // namespace tocsin::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tocsin::http::CheckSilence(tocsin::fuzz::Text(data, size));
  return 0;
}
