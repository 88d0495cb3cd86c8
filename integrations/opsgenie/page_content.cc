#include "integrations/opsgenie/page_content.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/labels.h"
#include "base/timestamp.h"
#include "integrations/opsgenie/clamper.h"
#include "integrations/opsgenie/endpoint.h"
#include "integrations/page/clamp.h"
#include "integrations/page/page_evidence.h"

namespace tocsin::opsgenie {
namespace {

using page::Annotation;
using page::ClampEnd;
using page::CountCodePoints;
using page::Explanation;
using page::ValidUtf8;
using page::ValueText;

constexpr char kSummary[] = "summary";
constexpr char kDescription[] = "description";

// The full summary if the message could not hold it, the annotations in order of name, the
// explanation, the labels, where there is more, and what senders told besides samples.
std::string Describe(const DesiredPage& page, const Labels& labels, const OpsgenieConfig& config,
                     const std::string& full_message, bool message_cut) {
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
  std::string explanation = Explanation(page);
  // The severity changes while a page is open, and is told by priority and details.
  const Labels constant = LabelsBuilder(labels).Set("severity", "").Build();
  if (!constant.empty()) absl::StrAppend(&explanation, "\nLabels ", constant.ToString());
  if (!config.external_url.empty()) {
    absl::StrAppend(&explanation, "\nEvidence ", config.external_url,
                    "/api/tocsin/v1/explain?alias=", PercentEncode(page.alias()));
  }
  parts.push_back(std::move(explanation));
  if (std::string evidence = page::EvidenceText(page); !evidence.empty()) {
    parts.push_back(std::move(evidence));
  }
  return absl::StrJoin(parts, "\n\n");
}

// The receiver's, then the rule's.
template <typename Texts>
std::vector<std::string> Joined(const std::vector<std::string>& receivers, const Texts& rules,
                                const DesiredPage& page, const Expander& expander) {
  std::vector<std::string> out;
  for (const std::string& text : receivers) out.push_back(page::Expanded(text, page, expander));
  for (const std::string& text : rules) out.push_back(page::Expanded(text, page, expander));
  return out;
}

std::string EntityOf(const DesiredPage& page, const OpsgenieConfig& config,
                     const Expander& expander) {
  std::string entity = page::Expanded(page.options().entity(), page, expander);
  return entity.empty() ? page::Expanded(config.entity, page, expander) : entity;
}

}  // namespace

std::string PriorityOf(const OpsgenieConfig& config, const DesiredPage& page) {
  const auto rules = page.options().priority().find(page.severity());
  if (rules != page.options().priority().end()) return rules->second;
  const auto receivers = config.priority.find(page.severity());
  if (receivers != config.priority.end()) return receivers->second;
  return page.severity() == "critical" ? "P1" : "P3";
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

std::string RemoteAlias(const std::string& alias) {
  const std::string valid = ValidUtf8(alias);
  if (CountCodePoints(valid) <= kAliasMax) return valid;
  const absl::uint128 print = Fingerprint128(alias);
  return absl::StrFormat("tocsin-%016x%016x", absl::Uint128High64(print),
                         absl::Uint128Low64(print));
}

PageContent BuildContent(const DesiredPage& page, const OpsgenieConfig& config,
                         const Expander& expander) {
  Clamper clamper;
  PageContent content;
  content.alias = RemoteAlias(page.alias());
  const std::string message = page::Summary(page);
  content.message = clamper.Middle("message", message, kMessageMax);
  content.description = clamper.End(
      "description", Describe(page, page::LabelsOf(page), config, message, clamper.any()),
      kDescriptionMax);
  content.priority = PriorityOf(config, page);
  content.entity = clamper.Middle("entity", EntityOf(page, config, expander), kEntityMax);
  content.tags = clamper.Items("tags", Joined(config.tags, page.options().tags(), page, expander),
                               kTagsMax, kTagMax);
  content.actions =
      clamper.Items("actions", Joined(config.actions, page.options().actions(), page, expander),
                    kActionsMax, kActionMax);
  content.responders = RespondersOf(page, config, expander, clamper);
  content.details = DetailsOf(page, config, expander, clamper);
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
