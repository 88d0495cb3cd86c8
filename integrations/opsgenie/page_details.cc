#include "integrations/opsgenie/page_details.h"

#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/labels.h"
#include "base/timestamp.h"
#include "integrations/page/clamp.h"
#include "integrations/page/page_evidence.h"

namespace tocsin::opsgenie {
namespace {

constexpr char kEpisode[] = "episode";
constexpr char kCut[] = "cut";
constexpr size_t kCutReserve = kCutsMax + 10;  // its key, too

// Details in the order they are added, as many as fit.
class Collector {
 public:
  explicit Collector(Clamper& clamper) : clamper_(clamper) {}

  bool Has(const std::string& key) const { return keys_.count(key) > 0; }

  void Add(const std::string& name, const std::string& text) {
    const std::string value = clamper_.Middle("details", page::Stripped(text), kDetailMax);
    if (value.empty()) return;
    const std::string key = clamper_.Middle("details", name, kDetailMax);
    const size_t length = page::CountCodePoints(key) + page::CountCodePoints(value);
    if (length > left_ || Has(key)) {
      ++dropped_;
      return;
    }
    keys_.insert(key);
    left_ -= length;
    details_.emplace_back(key, value);
  }

  // What nobody misses where there is no room.
  void AddIfRoom(const std::string& key, const std::string& value) {
    const size_t length = page::CountCodePoints(key) + page::CountCodePoints(value);
    if (!value.empty() && length <= left_ && !Has(key)) Add(key, value);
  }

  Details Finish() {
    clamper_.Dropped("details", dropped_);
    if (clamper_.any()) details_.emplace_back(kCut, clamper_.Cuts());
    return std::move(details_);
  }

 private:
  Clamper& clamper_;
  Details details_;
  std::set<std::string> keys_ = {kCut};
  size_t left_ = kDetailsTotalMax - kCutReserve;
  size_t dropped_ = 0;
};

void AddOwn(const page::DesiredPage& page, Collector& out) {
  out.Add("value", page::ValueText(page.value()));
  out.Add("condition", page.condition());
  if (page.since_ms() != 0) {
    out.Add("since", FormatTimestamp(Timestamp::FromMillis(page.since_ms())));
  }
  if (page.episode() != 0) out.Add(kEpisode, absl::StrCat(page.episode()));
}

// Tocsin's own, also where a page has none of it.
bool IsOwn(const std::string& key) {
  static const auto& own =
      *new std::set<std::string>{"value", "condition", "since", kEpisode, kCut};
  return own.count(key) > 0;
}

}  // namespace

Details DetailsOf(const page::DesiredPage& page, const OpsgenieConfig& config,
                  const page::Expander& expander, Clamper& clamper) {
  Collector out(clamper);
  AddOwn(page, out);
  std::map<std::string, std::string> configured;
  for (const auto& [key, text] : config.details)
    configured[key] = page::Expanded(text, page, expander);
  for (const auto& [key, text] : page.options().details()) {
    std::string value = page::Expanded(text, page, expander);
    if (!value.empty()) configured[key] = std::move(value);
  }
  for (const auto& [key, value] : configured) {
    if (!IsOwn(key)) out.Add(key, value);
  }
  for (const LabelView label : page::LabelsOf(page)) {
    const std::string name(label.name);
    const bool taken = IsOwn(name) || out.Has(name);
    out.Add(taken ? absl::StrCat("label_", name) : name, std::string(label.value));
  }
  out.AddIfRoom("trace_id", page::NewestTraceId(page));
  return out.Finish();
}

uint64_t EpisodeIn(const std::map<std::string, std::string>& details) {
  const auto found = details.find(kEpisode);
  uint64_t episode = 0;
  return found != details.end() && absl::SimpleAtoi(found->second, &episode) ? episode : 0;
}

}  // namespace tocsin::opsgenie
