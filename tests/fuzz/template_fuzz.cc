// Any text as a template:
//   - it is refused with a place inside the text, or it expands: to at most 64 KiB, or to an error
//     with a place inside the text
//   - an expansion is a function of its data, which it does not change
//   - it asks no query but its own, and names all constant ones beforehand

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/check.h"
#include "rules/templates/template.h"
#include "tests/fuzz/input.h"

namespace tocsin::templates {
namespace {

constexpr size_t kOutputBytesMax = 64 << 10;

// "line:column: message".
void CheckError(const absl::Status& status, absl::string_view text) {
  const std::string message(status.message());
  char* rest = nullptr;
  const long line = std::strtol(message.c_str(), &rest, 10);
  TOCSIN_CHECK(*rest == ':') << message;
  const long column = std::strtol(rest + 1, &rest, 10);
  TOCSIN_CHECK(*rest == ':' && rest[1] == ' ' && rest[2] != '\0') << message;
  TOCSIN_CHECK(line >= 1 && line <= 1 + std::count(text.begin(), text.end(), '\n')) << message;
  TOCSIN_CHECK(column >= 1 && column <= static_cast<long>(text.size()) + 1) << message;
}

absl::StatusOr<std::vector<QueryRow>> Answer(absl::string_view query) {
  if (query == "nothing") return std::vector<QueryRow>();
  if (query == "broken") return absl::InvalidArgumentError("unknown function");
  return std::vector<QueryRow>{{Labels{{"__name__", "up"}, {"job", "node"}}, 1},
                               {Labels{{"__name__", "up"}, {"job", "größe"}}, -1e300},
                               {Labels{{"a", "<&>\""}}, 0}};
}

void CheckTemplate(absl::string_view text) {
  const auto parsed = Template::Parse(text);
  if (!parsed.ok()) return CheckError(parsed.status(), text);
  const Labels labels{{"alertname", "Slow"}, {"instance", "10.0.0.1:9100"}, {"empty_not", "0"}};
  TemplateData data;
  data.labels = &labels;
  data.external_url = "http://tocsin.example/x?y=1&z=<2>";
  data.value = 1234.5;
  data.now = Timestamp::FromMillis(1'700'000'000'000);
  data.query = Answer;
  const EvidenceItem line{Timestamp::FromMillis(1), "error: größe", "t1", std::nullopt};
  const Evidence evidence{{line, line}, {{Timestamp::FromMillis(2), "1e9", "t2", 1e9}}, "t2"};
  data.evidence = &evidence;
  const auto expanded = (*parsed)->Expand(data);
  if (expanded.ok()) {
    TOCSIN_CHECK(expanded->size() <= kOutputBytesMax);
  } else {
    CheckError(expanded.status(), text);
  }
  const auto again = (*parsed)->Expand(data);
  TOCSIN_CHECK(again.status() == expanded.status());
  TOCSIN_CHECK(!again.ok() || *again == *expanded);
  data.query = nullptr;
  data.value = std::numeric_limits<double>::quiet_NaN();
  static_cast<void>(ExpandOrError(**parsed, data));
  static_cast<void>((*parsed)->Queries());
  data.evidence = nullptr;
  TOCSIN_CHECK((*parsed)->LooksAtEvidence() ||
               ExpandOrError(**parsed, data).find("field Evidence in type template data") ==
                   std::string::npos);
}

}  // namespace
}  // namespace tocsin::templates

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tocsin::templates::CheckTemplate(tocsin::fuzz::Text(data, size));
  return 0;
}
