#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "base/labels.h"
#include "rules/rule.h"

// Label sets that agree: in all labels that both have. Label sets of one rule mostly have the same
// names, so they are kept by names, and those that share them are found by hash.
namespace tocsin::engine {

// How bad a member is.
struct Standing {
  rules::Level level = rules::Level::kOk;
  bool no_data = false;
};

// Rows of a member, to be asked for the worst one that agrees with a label set.
class StandingIndex {
 public:
  void Add(const Labels& labels, Standing standing);
  // Not const: builds what answers further ones quickly.
  Standing WorstAt(const Labels& labels);

 private:
  using Names = std::vector<std::string>;
  struct Shape {
    std::vector<std::pair<Labels, Standing>> rows;
    // By the names in common, then by those labels.
    std::map<Names, absl::flat_hash_map<Labels, Standing>> worst;
  };
  std::map<Names, Shape> shapes_;
};

// The unions of all pairs that agree, each once. ResourceExhausted beyond `rows_max`.
absl::StatusOr<std::vector<Labels>> JoinLabels(const std::vector<Labels>& left,
                                               const std::vector<Labels>& right, size_t rows_max);

}  // namespace tocsin::engine
