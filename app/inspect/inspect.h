#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "app/inspect/report.h"
#include "storage/store.h"

namespace tocsin::app::inspect {

// What can be asked for; the first one is the default.
const std::vector<std::string>& Nouns();

// Looks into a data directory that storage::OpenRocksdbReader() opened; `noun` is one of Nouns().
// "summary" reads and decodes every record, the others those that they show. `rows_max`: of a
// table; 0: no limit. Thread: any. Errors: of the store; records that are wrong are problems in the
// report instead.
absl::StatusOr<Report> Inspect(const storage::Store& store, const std::string& noun,
                               uint64_t rows_max);

}  // namespace tocsin::app::inspect
