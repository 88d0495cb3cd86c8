#include "engine/alerts/label_join.h"

#include <algorithm>
#include <iterator>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

namespace tocsin::engine {
namespace {

using Names = std::vector<std::string>;

Names NamesOf(const Labels& labels) {
  Names names;
  for (const LabelView& label : labels) names.emplace_back(label.name);
  return names;
}

Names Shared(const Names& a, const Names& b) {
  Names shared;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(shared));
  return shared;
}

Labels Cut(const Labels& labels, const Names& names) {
  return LabelsBuilder(labels).Keep(names).Build();
}

Labels Union(const Labels& a, const Labels& b) {
  LabelsBuilder both(a);
  for (const LabelView& label : b) both.Set(label.name, label.value);
  return both.Build();
}

void MakeWorse(Standing& standing, Standing by) {
  standing.level = std::max(standing.level, by.level);
  standing.no_data = standing.no_data || by.no_data;
}

std::map<Names, std::vector<Labels>> ByNames(const std::vector<Labels>& rows) {
  std::map<Names, std::vector<Labels>> shapes;
  for (const Labels& row : rows) shapes[NamesOf(row)].push_back(row);
  return shapes;
}

}  // namespace

void StandingIndex::Add(const Labels& labels, Standing standing) {
  shapes_[NamesOf(labels)].rows.emplace_back(labels, standing);
}

Standing StandingIndex::WorstAt(const Labels& labels) {
  const Names names = NamesOf(labels);
  Standing worst;
  for (auto& [shape_names, shape] : shapes_) {
    const Names shared = Shared(shape_names, names);
    const auto [index, fresh] = shape.worst.try_emplace(shared);
    if (fresh) {
      for (const auto& [row, standing] : shape.rows) {
        MakeWorse(index->second[Cut(row, shared)], standing);
      }
    }
    const auto found = index->second.find(Cut(labels, shared));
    if (found != index->second.end()) MakeWorse(worst, found->second);
  }
  return worst;
}

absl::StatusOr<std::vector<Labels>> JoinLabels(const std::vector<Labels>& left,
                                               const std::vector<Labels>& right, size_t rows_max) {
  absl::flat_hash_set<Labels> joined;
  const auto right_shapes = ByNames(right);
  for (const auto& [left_names, left_rows] : ByNames(left)) {
    for (const auto& [right_names, right_rows] : right_shapes) {
      const Names shared = Shared(left_names, right_names);
      absl::flat_hash_map<Labels, std::vector<const Labels*>> partners;
      for (const Labels& row : right_rows) partners[Cut(row, shared)].push_back(&row);
      for (const Labels& row : left_rows) {
        const auto found = partners.find(Cut(row, shared));
        if (found == partners.end()) continue;
        for (const Labels* partner : found->second) {
          joined.insert(Union(row, *partner));
          if (joined.size() > rows_max) {
            return absl::ResourceExhaustedError(
                absl::StrCat("the members' label sets make more than ", rows_max, " pairs"));
          }
        }
      }
    }
  }
  return std::vector<Labels>(joined.begin(), joined.end());
}

}  // namespace tocsin::engine
