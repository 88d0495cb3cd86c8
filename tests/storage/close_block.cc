// close_block DATA_DIR: makes a block of all records of the log of a stopped service, which would
// do so itself after half an hour. For directories/make.py.

#include <iostream>

#include "storage/rocksdb_store.h"
#include "storage/sample_log.h"

int main(int argc, char** argv) {
  using namespace tocsin;
  if (argc != 2) {
    std::cerr << "use: close_block DATA_DIR\n";
    return 2;
  }
  auto store = storage::OpenRocksdbStore(argv[1]);
  absl::Status status = store.status();
  if (store.ok()) {
    auto log = storage::OpenSampleLog(**store);
    status = log.ok() ? (*log)->CloseBlock(Timestamp::Max()).status() : log.status();
  }
  if (!status.ok()) std::cerr << "close_block: " << status << "\n";
  return status.ok() ? 0 : 1;
}
