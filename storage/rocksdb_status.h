#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace rocksdb {
class Status;
}

namespace tocsin::storage {

// RocksDB's answer as one of ours, behind "what: ". DataLoss: stored bytes are wrong, or a file is
// missing; Unavailable: try again.
absl::Status FromRocksdb(const rocksdb::Status& status, absl::string_view what);

}  // namespace tocsin::storage
