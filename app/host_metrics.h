#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/timestamp.h"
#include "integrations/ingest/otlp_encode.h"

// This machine's own metrics, for `tocsin send host`: something real to try rules on. Names and
// attributes are OpenTelemetry's (system.cpu.time ...) where they exist.
namespace tocsin::app {

using ingest::OutgoingPoint;

// Seconds spent per mode since boot: "user", "nice", "system", "idle", "iowait", "interrupt",
// "steal".
using CpuModes = std::map<std::string, double>;
struct CpuTimes {
  CpuModes all;                 // sum over the cores
  std::vector<CpuModes> cores;  // by number
};

// Parsers of the kernel's texts. Pure; lines they do not know are skipped. Points have no time yet.
CpuTimes ParseCpuTimes(absl::string_view proc_stat, double ticks_per_second);
std::vector<OutgoingPoint> CpuPoints(const CpuTimes& times);
// Shares of the time between two readings, and system.cpu.busy: what was neither idle nor waiting
// for disks.
std::vector<OutgoingPoint> CpuUtilization(const CpuTimes& before, const CpuTimes& after);
std::vector<OutgoingPoint> ParseMemory(absl::string_view proc_meminfo);
std::vector<OutgoingPoint> ParseLoad(absl::string_view proc_loadavg);
// Whole disks only: no partitions, loop devices or RAM disks.
std::vector<OutgoingPoint> ParseDisks(absl::string_view proc_diskstats);
std::vector<OutgoingPoint> ParseNetwork(absl::string_view proc_net_dev);
std::vector<OutgoingPoint> ParseUptime(absl::string_view proc_uptime);

// Reads them again and again. Thread: one at a time.
class HostReader {
 public:
  explicit HostReader(std::string proc_folder = "/proc");

  // All points, dated `now`. The first reading has no utilization, which needs two. NotFound if
  // nothing can be read; a single file that is missing (as in containers) only leaves its points
  // out.
  absl::StatusOr<std::vector<OutgoingPoint>> Read(Timestamp now);

 private:
  std::string ReadFile(const char* name) const;

  const std::string folder_;
  const double ticks_per_second_;
  CpuTimes before_;
};

}  // namespace tocsin::app
