#include "app/commands/inspect.h"

#include "app/inspect/inspect.h"
#include "storage/rocksdb_reader.h"

namespace tocsin::app {

int RunInspect(const InspectOptions& options, std::ostream& out, std::ostream& err) {
  const auto store = storage::OpenRocksdbReader(options.data_dir);
  if (!store.ok()) {
    err << "tocsin inspect: " << store.status().message() << "\n";
    return 2;
  }
  const auto report = inspect::Inspect(**store, options.noun, options.limit);
  if (!report.ok()) {
    err << "tocsin inspect: " << report.status().message() << "\n";
    return 2;
  }
  if (options.json) {
    inspect::PrintJson(*report, out);
  } else {
    inspect::PrintText(*report, out);
  }
  return report->problems_total == 0 ? 0 : 1;
}

}  // namespace tocsin::app
