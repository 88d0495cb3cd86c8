#include "integrations/delivery/group_page.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "integrations/delivery/target_record.h"
#include "integrations/page/page_evidence.h"

namespace tocsin::delivery {
namespace {

using Page = state::v1::DesiredPage;
using PageOptions = state::v1::PageOptions;
using Texts = google::protobuf::RepeatedPtrField<std::string>;

constexpr char kSummary[] = "summary";
constexpr char kDescription[] = "description";

Labels LabelsOf(const Page& page) {
  auto labels = Labels::FromCanonical(page.labels());
  return labels.ok() ? *std::move(labels) : Labels();
}

Labels CommonLabels(const std::vector<const Page*>& pages) {
  const Labels first = LabelsOf(*pages.front());
  LabelsBuilder common(first);
  for (const Page* page : pages) {
    const Labels labels = LabelsOf(*page);
    for (const LabelView label : first) {
      if (labels.Get(label.name) != label.value) common.Drop({std::string(label.name)});
    }
  }
  return common.Build();
}

std::map<std::string, std::string> CommonAnnotations(const std::vector<const Page*>& pages) {
  const auto& first = pages.front()->annotations();
  std::map<std::string, std::string> common(first.begin(), first.end());
  for (const Page* page : pages) {
    std::erase_if(common, [&](const auto& annotation) {
      const auto found = page->annotations().find(annotation.first);
      return found == page->annotations().end() || found->second != annotation.second;
    });
  }
  return common;
}

// Takes out what `other` does not say alike: keys of maps one by one, lists as a whole.
template <typename Map>
void KeepCommon(const Map& other, Map& common) {
  for (auto it = common.begin(); it != common.end();) {
    const auto found = other.find(it->first);
    const bool same = found != other.end() && found->second == it->second;
    it = same ? std::next(it) : common.erase(it);
  }
}

bool Same(const state::v1::PageResponder& a, const state::v1::PageResponder& b) {
  return a.type() == b.type() && a.id() == b.id() && a.name() == b.name() &&
         a.username() == b.username();
}

bool SameResponders(const PageOptions& a, const PageOptions& b) {
  return std::equal(a.responders().begin(), a.responders().end(), b.responders().begin(),
                    b.responders().end(), Same);
}

bool SameTexts(const Texts& a, const Texts& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

PageOptions CommonOptions(const std::vector<const Page*>& pages) {
  PageOptions common = pages.front()->options();
  for (const Page* page : pages) {
    const PageOptions& other = page->options();
    KeepCommon(other.priority(), *common.mutable_priority());
    KeepCommon(other.details(), *common.mutable_details());
    if (!SameResponders(other, common)) common.clear_responders();
    if (!SameTexts(other.tags(), common.tags())) common.clear_tags();
    if (!SameTexts(other.actions(), common.actions())) common.clear_actions();
    if (other.entity() != common.entity()) common.clear_entity();
  }
  return common;
}

// "summary (critical, since ...)", or the alert's labels where it has no summary.
std::string Line(const Page& page) {
  const auto summary = page.annotations().find(kSummary);
  const std::string text = summary != page.annotations().end() && !summary->second.empty()
                               ? summary->second
                               : LabelsOf(page).ToString();
  return absl::StrCat("- ", text, " (", page.severity().empty() ? "firing" : page.severity(),
                      ", since ", FormatTimestamp(Timestamp::FromMillis(page.since_ms())), ")");
}

std::string List(const std::vector<const Page*>& firing) {
  std::vector<std::string> lines;
  for (const Page* page : firing) {
    if (lines.size() == Grouping::kListedMax) break;
    lines.push_back(Line(*page));
  }
  if (firing.size() > lines.size()) {
    lines.push_back(absl::StrCat("and ", firing.size() - lines.size(), " more"));
  }
  return absl::StrJoin(lines, "\n");
}

// "3 alerts: cluster=eu, service=checkout"
std::string Title(const GroupId& id, size_t firing) {
  std::vector<std::string> values;
  for (const LabelView label : id.labels) {
    values.push_back(absl::StrCat(label.name, "=", label.value));
  }
  return absl::StrCat(firing, id.storm ? " alerts at once" : " alerts", values.empty() ? "" : ": ",
                      absl::StrJoin(values, ", "));
}

// The newest of all.
void TellEvidence(const std::vector<const Page*>& firing, Page& page) {
  std::vector<page::PageEvidence> all;
  for (const Page* member : firing) {
    all.insert(all.end(), member->evidence().begin(), member->evidence().end());
  }
  page.clear_evidence();
  for (page::PageEvidence& one : page::NewestEvidence(std::move(all))) {
    *page.add_evidence() = std::move(one);
  }
}

}  // namespace

void DescribeGroup(const GroupId& id, const std::vector<const Page*>& firing, Page& page) {
  std::vector<const Page*> sorted = firing;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Page* a, const Page* b) {
    const uint32_t level = LevelOf(*a);
    return level != LevelOf(*b) ? level > LevelOf(*b) : a->since_ms() < b->since_ms();
  });
  page.set_severity(sorted.front()->severity());
  LabelsBuilder labels(CommonLabels(sorted));
  for (const LabelView label : id.labels) labels.Set(label.name, label.value);
  if (!page.severity().empty()) labels.Set("severity", page.severity());
  page.set_labels(std::string(labels.Build().canonical()));
  page.clear_annotations();
  auto& annotations = *page.mutable_annotations();
  for (const auto& [name, text] : CommonAnnotations(sorted)) annotations[name] = text;
  if (sorted.size() > 1) {
    annotations[kSummary] = Title(id, sorted.size());
    annotations[kDescription] = List(sorted);
  }
  page.clear_options();
  PageOptions options = CommonOptions(sorted);
  if (options.ByteSizeLong() > 0) *page.mutable_options() = std::move(options);
  TellEvidence(sorted, page);
  page.set_rule(sorted.front()->rule());
  page.set_rule_revision(sorted.front()->rule_revision());
  page.set_value(sorted.size() == 1 ? sorted.front()->value() : static_cast<double>(sorted.size()));
  page.set_condition(sorted.size() == 1 ? sorted.front()->condition() : "alerts firing");
  int64_t since_ms = sorted.front()->since_ms();
  int64_t cause_ms = 0;
  for (const Page* member : sorted) {
    since_ms = std::min(since_ms, member->since_ms());
    cause_ms = std::max(cause_ms, member->cause_committed_ms());
  }
  page.set_since_ms(since_ms);
  page.set_cause_committed_ms(cause_ms);
}

}  // namespace tocsin::delivery
