#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "app/inspect/report.h"
#include "base/labels.h"
#include "storage/store.h"

namespace tocsin::app::inspect {

struct FamilySize {
  uint64_t records = 0;
  uint64_t bytes = 0;  // of keys and values, not of files
};

// The records of one data directory while they are being looked at: counts what goes by and
// collects what does not decode. Thread: one. Borrows the store.
class Records {
 public:
  // `rows_max`: of a table; 0: no limit.
  Records(const storage::Store& store, uint64_t rows_max) : store_(store), rows_max_(rows_max) {}

  // Calls fn for every record of a family, in order of key. What fn returns as an error is noted as
  // a problem of that record. Errors: of the store.
  using Visitor = std::function<absl::Status(absl::string_view key, absl::string_view value)>;
  absl::Status ForEach(storage::Family family, const Visitor& fn);

  // `where`: "block 7".
  void AddProblem(std::string where, const absl::Status& error);

  const storage::Store& store() const { return store_; }
  uint64_t rows_max() const { return rows_max_; }
  const FamilySize& size(storage::Family family) const {
    return sizes_[static_cast<size_t>(family)];
  }
  const std::vector<Problem>& problems() const { return problems_; }
  uint64_t problems_total() const { return problems_total_; }

  // Rows up to the limit: the first ones that are added, or the last ones (what came last is what
  // one looks for). All are counted.
  void AddRow(Section& section, std::vector<Json> row) const;
  void AddLastRow(Section& section, std::vector<Json> row) const;

 private:
  const storage::Store& store_;
  const uint64_t rows_max_;
  std::array<FamilySize, std::size(storage::kAllFamilies)> sizes_ = {};
  std::vector<Problem> problems_;
  uint64_t problems_total_ = 0;
};

}  // namespace tocsin::app::inspect
