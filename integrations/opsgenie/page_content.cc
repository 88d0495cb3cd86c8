#include "integrations/opsgenie/page_content.h"

#include <algorithm>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/labels.h"
#include "base/timestamp.h"
#include "integrations/page/clamp.h"

namespace tocsin::opsgenie {
namespace {

using page::Annotation;
using page::ClampEnd;
using page::ClampMiddle;
using page::CountCodePoints;
using page::Explanation;
using page::Stripped;
using page::ValidUtf8;
using page::ValueText;

constexpr char kSummary[] = "summary";
constexpr char kDescription[] = "description";
constexpr char kEpisodeDetail[] = "episode";
constexpr size_t kCutNoteReserve = 400;  // of the details' total, for the list of what was cut

// The full summary if the message could not hold it, the annotations in order of name, the
// explanation.
std::string Describe(const DesiredPage& page, const std::string& full_message, bool message_cut) {
  std::vector<std::string> parts;
  if (message_cut) parts.push_back(full_message);
  if (std::string text = Annotation(page, kDescription); !text.empty()) {
    parts.push_back(std::move(text));
  }
  std::set<std::string> others;  // the map of a message has no order
  for (const auto& [name, value] : page.annotations()) {
    if (name != kSummary && name != kDescription && !value.empty()) {
      others.insert(absl::StrCat(name, ": ", value));
    }
  }
  if (!others.empty()) parts.push_back(absl::StrJoin(others, "\n"));
  parts.push_back(Explanation(page));
  return absl::StrJoin(parts, "\n\n");
}

// Clamps fields and remembers what it cut.
class Clamper {
 public:
  std::string Middle(const char* field, const std::string& text, size_t max) {
    return Note(field, text, ClampMiddle(text, max));
  }
  std::string End(const char* field, const std::string& text, size_t max) {
    return Note(field, text, ClampEnd(text, max));
  }
  // Clamps each item, leaves out blank and repeated ones, and keeps the first `items_max`.
  std::vector<std::string> Items(const char* field, const std::vector<std::string>& items,
                                 size_t items_max, size_t length_max) {
    std::vector<std::string> out;
    size_t dropped = 0;
    for (const std::string& item : items) {
      const std::string text = Stripped(item);
      if (text.empty()) continue;
      std::string clamped = Middle(field, text, length_max);
      if (std::count(out.begin(), out.end(), clamped) > 0) continue;
      if (out.size() == items_max)
        ++dropped;
      else
        out.push_back(std::move(clamped));
    }
    Dropped(field, dropped);
    return out;
  }
  void Dropped(const char* field, size_t count) {
    if (count > 0) cuts_.push_back(absl::StrCat(field, " (", count, " left out)"));
  }
  bool any() const { return !cuts_.empty(); }
  std::string Cuts() const { return ClampMiddle(absl::StrJoin(cuts_, ", "), kCutNoteReserve - 10); }

 private:
  std::string Note(const char* field, const std::string& text, std::string clamped) {
    const size_t before = CountCodePoints(ValidUtf8(text));
    if (before > CountCodePoints(clamped)) {
      cuts_.push_back(absl::StrCat(field, " (was ", before, " characters)"));
    }
    return clamped;
  }

  std::vector<std::string> cuts_;
};

void AddDetails(const DesiredPage& page, const Labels& labels, Clamper& clamper,
                PageContent& content) {
  size_t left = kDetailsTotalMax - kCutNoteReserve;
  size_t dropped = 0;
  std::set<std::string> keys;
  const auto add = [&](const std::string& name, const std::string& text) {
    if (text.empty()) return;
    const std::string key = clamper.Middle("details", name, kDetailMax);
    const std::string value = clamper.Middle("details", text, kDetailMax);
    const size_t length = CountCodePoints(key) + CountCodePoints(value);
    if (length > left || !keys.insert(key).second) {
      ++dropped;
      return;
    }
    left -= length;
    content.details.emplace_back(key, value);
  };
  add("value", ValueText(page.value()));
  add("condition", page.condition());
  if (page.since_ms() != 0) add("since", FormatTimestamp(Timestamp::FromMillis(page.since_ms())));
  if (page.episode() != 0) add(kEpisodeDetail, absl::StrCat(page.episode()));
  const std::set<std::string> ours = {"value", "condition", "since", kEpisodeDetail, "cut"};
  for (const LabelView label : labels) {
    const std::string name(label.name);
    add(ours.count(name) ? absl::StrCat("label_", name) : name, std::string(label.value));
  }
  clamper.Dropped("details", dropped);
  if (clamper.any()) content.details.emplace_back("cut", clamper.Cuts());
}

}  // namespace

std::string PriorityOf(const OpsgenieConfig& config, const std::string& severity) {
  const auto it = config.priority.find(severity);
  if (it != config.priority.end()) return it->second;
  return severity == "critical" ? "P1" : "P3";
}

uint64_t PageContent::DescriptionHash() const {
  return Hash64(description);
}

Details PageContent::ChangingDetails() const {
  Details out;
  const auto take = [&](bool first) {
    for (const auto& [key, value] : details) {
      const bool changes =
          key == "value" || key == "condition" || key == "since" || key == "severity";
      const bool fits =
          CountCodePoints(key) <= kAddedDetailMax && CountCodePoints(value) <= kAddedDetailMax;
      if (changes == first && fits && out.size() < kAddedDetailsMax) out.emplace_back(key, value);
    }
  };
  take(true);
  take(false);
  return out;
}

uint64_t DetailsHash(const Details& details) {
  std::string text;
  for (const auto& [key, value] : details) {
    absl::StrAppend(&text, key.size(), ":", key, value.size(), ":", value);
  }
  return details.empty() ? 0 : Hash64(text);
}

uint64_t TagsHash(std::vector<std::string> tags) {
  std::sort(tags.begin(), tags.end());
  std::string text;
  for (const std::string& tag : tags) absl::StrAppend(&text, tag.size(), ":", tag);
  return tags.empty() ? 0 : Hash64(text);
}

uint64_t EpisodeIn(const std::map<std::string, std::string>& details) {
  const auto found = details.find(kEpisodeDetail);
  uint64_t episode = 0;
  return found != details.end() && absl::SimpleAtoi(found->second, &episode) ? episode : 0;
}

std::string RemoteAlias(const std::string& alias) {
  const std::string valid = ValidUtf8(alias);
  if (CountCodePoints(valid) <= kAliasMax) return valid;
  const absl::uint128 print = Fingerprint128(alias);
  return absl::StrFormat("tocsin-%016x%016x", absl::Uint128High64(print),
                         absl::Uint128Low64(print));
}

PageContent BuildContent(const DesiredPage& page, const OpsgenieConfig& config,
                         const Expander& expander) {
  const Labels labels = page::LabelsOf(page);
  Clamper clamper;
  PageContent content;
  content.alias = RemoteAlias(page.alias());
  const std::string message = page::Summary(page);
  content.message = clamper.Middle("message", message, kMessageMax);
  content.description =
      clamper.End("description", Describe(page, message, clamper.any()), kDescriptionMax);
  content.priority = PriorityOf(config, page.severity());
  if (!config.entity.empty()) {
    content.entity = clamper.Middle("entity", expander(config.entity, page), kEntityMax);
  }
  std::vector<std::string> tags;
  for (const std::string& tag : config.tags) tags.push_back(expander(tag, page));
  content.tags = clamper.Items("tags", tags, kTagsMax, kTagMax);
  std::vector<std::string> actions;
  for (const std::string& action : config.actions) actions.push_back(expander(action, page));
  content.actions = clamper.Items("actions", actions, kActionsMax, kActionMax);
  content.responders = config.responders;
  if (content.responders.size() > kRespondersMax) {
    clamper.Dropped("responders", content.responders.size() - kRespondersMax);
    content.responders.resize(kRespondersMax);
  }
  AddDetails(page, labels, clamper, content);
  return content;
}

std::string CloseNote(const DesiredPage& page) {
  std::string note = "Closed by Tocsin";
  if (!page.reason().empty()) absl::StrAppend(&note, ": ", page.reason());
  absl::StrAppend(&note, ". Value ", ValueText(page.value()));
  if (page.changed_ms() != 0) {
    absl::StrAppend(&note, " at ", FormatTimestamp(Timestamp::FromMillis(page.changed_ms())));
  }
  return ClampEnd(note + ".", kNoteMax);
}

std::string LevelNote(const PageContent& content) {
  std::string note = absl::StrCat("Now ", content.priority, ": ", content.message);
  if (!content.tags.empty()) {
    absl::StrAppend(&note, "\nTags: ", absl::StrJoin(content.tags, ", "));
  }
  for (const auto& [key, value] : content.ChangingDetails()) {
    if (key == "severity") absl::StrAppend(&note, "\nSeverity: ", value);
  }
  return ClampEnd(absl::StrCat(note, "\n\n", content.description), kNoteMax);
}

}  // namespace tocsin::opsgenie
