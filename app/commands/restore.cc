#include "app/commands/restore.h"

#include "app/inspect/inspect.h"
#include "base/status_macros.h"
#include "storage/data_directory.h"
#include "storage/rocksdb_reader.h"

namespace tocsin::app {
namespace {

absl::StatusOr<inspect::Report> Restore(const RestoreOptions& options) {
  TOCSIN_RETURN_IF_ERROR(storage::RestoreBackup(options.backup, options.data_dir).status());
  TOCSIN_ASSIGN_OR_RETURN(const auto store, storage::OpenRocksdbReader(options.data_dir));
  return inspect::Inspect(*store, inspect::Nouns().front(), /*rows_max=*/0);
}

}  // namespace

int RunRestore(const RestoreOptions& options, std::ostream& out, std::ostream& err) {
  const absl::StatusOr<inspect::Report> report = Restore(options);
  if (!report.ok()) {
    err << "tocsin restore: " << report.status().message() << "\n";
    return 2;
  }
  out << "restored " << options.backup << " to " << options.data_dir << "\n\n";
  inspect::PrintText(*report, out);
  return report->problems_total == 0 ? 0 : 1;
}

}  // namespace tocsin::app
