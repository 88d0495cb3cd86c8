#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/sample.h"
#include "base/timestamp.h"

namespace tocsin::storage {

// The value of one record of family `log`: a committed batch in columns. FORMAT.md shows the bytes.
//
// Columns, because neighbours in a column are alike: references and times are differences to their
// predecessor (as runs of equal differences where that is shorter), values drop their zero bytes. A
// batch in the usual order of a sender costs 3 to 9 bytes a sample and a few nanoseconds. The order
// of samples is kept. Native histograms follow the columns.
//
// Pure functions, any thread. Errors: DataLoss (checksum, malformed), FailedPrecondition (newer
// version).
std::string EncodeLogRecord(const SampleBatch& samples, Timestamp committed);

struct DecodedLogRecord {
  Timestamp committed;
  SampleBatch samples;
};
absl::StatusOr<DecodedLogRecord> DecodeLogRecord(absl::string_view value);

// The commit time alone; checks the version and the checksum, not the columns.
absl::StatusOr<Timestamp> DecodeCommitTime(absl::string_view value);

}  // namespace tocsin::storage
