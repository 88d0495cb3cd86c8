#include "app/host_metrics.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace tocsin::app {
namespace {

using ingest::Attributes;
using ingest::PointKind;
using Fields = std::vector<absl::string_view>;

constexpr double kSectorBytes = 512;  // the unit of /proc/diskstats, whatever the disk has

// The columns of a "cpu" line, in order. Guest time is already part of user and nice.
constexpr const char* kCpuColumns[] = {"user",   "nice",      "system",    "idle",
                                       "iowait", "interrupt", "interrupt", "steal"};

Fields Split(absl::string_view line) {
  return absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
}

double Number(absl::string_view text) {
  double value = 0;
  return absl::SimpleAtod(text, &value) ? value : 0;
}

OutgoingPoint Point(const char* name, const char* unit, PointKind kind, Attributes attributes,
                    double value) {
  OutgoingPoint point;
  point.name = name;
  point.unit = unit;
  point.kind = kind;
  point.attributes = std::move(attributes);
  point.value = value;
  return point;
}

CpuModes ParseCpuLine(const Fields& fields, double ticks_per_second) {
  CpuModes modes;
  for (size_t i = 0; i < std::size(kCpuColumns); ++i) {
    const double ticks = i + 1 < fields.size() ? Number(fields[i + 1]) : 0;
    modes[kCpuColumns[i]] += ticks / ticks_per_second;
  }
  return modes;
}

double Sum(const CpuModes& modes) {
  double sum = 0;
  for (const auto& mode : modes) sum += mode.second;
  return sum;
}

bool IsPartition(const std::string& device, const std::set<std::string>& devices) {
  std::string disk = device;
  while (!disk.empty() && absl::ascii_isdigit(static_cast<unsigned char>(disk.back()))) {
    disk.pop_back();
  }
  if (disk.size() == device.size()) return false;
  if (devices.count(disk)) return true;  // sda1 of sda
  return absl::EndsWith(disk, "p") && devices.count(disk.substr(0, disk.size() - 1)) > 0;
}

void AddDisk(const std::string& device, const Fields& fields, std::vector<OutgoingPoint>& points) {
  const auto add = [&](const char* name, const char* unit, const char* direction, double value) {
    points.push_back(Point(name, unit, PointKind::kMonotonicSum,
                           {{"system.device", device}, {"disk.io.direction", direction}}, value));
  };
  add("system.disk.io", "By", "read", Number(fields[5]) * kSectorBytes);
  add("system.disk.io", "By", "write", Number(fields[9]) * kSectorBytes);
  add("system.disk.operations", "{operation}", "read", Number(fields[3]));
  add("system.disk.operations", "{operation}", "write", Number(fields[7]));
}

void AddInterface(const std::string& name, const Fields& fields,
                  std::vector<OutgoingPoint>& points) {
  const auto add = [&](const char* metric, const char* unit, size_t column) {
    for (const auto& [direction, offset] : {std::pair("receive", 0), std::pair("transmit", 8)}) {
      points.push_back(
          Point(metric, unit, PointKind::kMonotonicSum,
                {{"network.interface.name", name}, {"network.io.direction", direction}},
                Number(fields[column + static_cast<size_t>(offset)])));
    }
  };
  add("system.network.io", "By", 0);
  add("system.network.packet.count", "{packet}", 1);
  add("system.network.errors", "{error}", 2);
}

}  // namespace

CpuTimes ParseCpuTimes(absl::string_view proc_stat, double ticks_per_second) {
  CpuTimes times;
  for (absl::string_view line : absl::StrSplit(proc_stat, '\n')) {
    if (!absl::StartsWith(line, "cpu")) continue;
    const Fields fields = Split(line);
    if (fields[0] == "cpu") {
      times.all = ParseCpuLine(fields, ticks_per_second);
    } else {
      times.cores.push_back(ParseCpuLine(fields, ticks_per_second));
    }
  }
  return times;
}

std::vector<OutgoingPoint> CpuPoints(const CpuTimes& times) {
  std::vector<OutgoingPoint> points;
  for (size_t core = 0; core < times.cores.size(); ++core) {
    for (const auto& [mode, seconds] : times.cores[core]) {
      points.push_back(Point("system.cpu.time", "s", PointKind::kMonotonicSum,
                             {{"cpu.logical_number", absl::StrCat(core)}, {"cpu.mode", mode}},
                             seconds));
    }
  }
  return points;
}

std::vector<OutgoingPoint> CpuUtilization(const CpuTimes& before, const CpuTimes& after) {
  const double span = Sum(after.all) - Sum(before.all);
  std::vector<OutgoingPoint> points;
  if (before.all.empty() || span <= 0) return points;
  double busy = 0;
  for (const auto& [mode, seconds] : after.all) {
    const auto earlier = before.all.find(mode);
    const double passed = seconds - (earlier == before.all.end() ? 0 : earlier->second);
    // The kernel's iowait may go back a little.
    const double share = std::max(0.0, passed / span);
    if (mode != "idle" && mode != "iowait") busy += share;
    points.push_back(
        Point("system.cpu.utilization", "1", PointKind::kGauge, {{"cpu.mode", mode}}, share));
  }
  points.push_back(Point("system.cpu.busy", "1", PointKind::kGauge, {}, busy));
  return points;
}

std::vector<OutgoingPoint> ParseMemory(absl::string_view proc_meminfo) {
  std::map<std::string, double> bytes;
  for (absl::string_view line : absl::StrSplit(proc_meminfo, '\n')) {
    const Fields fields = Split(line);
    if (fields.size() < 2) continue;
    bytes[std::string(absl::StripSuffix(fields[0], ":"))] = Number(fields[1]) * 1024;
  }
  std::vector<OutgoingPoint> points;
  const double total = bytes["MemTotal"];
  if (total <= 0) return points;
  const double cached = bytes["Cached"] + bytes["SReclaimable"];
  const std::pair<const char*, double> states[] = {
      {"free", bytes["MemFree"]},
      {"buffers", bytes["Buffers"]},
      {"cached", cached},
      {"used", total - bytes["MemFree"] - bytes["Buffers"] - cached}};
  for (const auto& [state, value] : states) {
    const Attributes attributes = {{"system.memory.state", state}};
    points.push_back(Point("system.memory.usage", "By", PointKind::kSum, attributes, value));
    points.push_back(
        Point("system.memory.utilization", "1", PointKind::kGauge, attributes, value / total));
  }
  points.push_back(Point("system.memory.limit", "By", PointKind::kSum, {}, total));
  return points;
}

std::vector<OutgoingPoint> ParseLoad(absl::string_view proc_loadavg) {
  const Fields fields = Split(proc_loadavg);
  std::vector<OutgoingPoint> points;
  if (fields.size() < 3) return points;
  static constexpr const char* kNames[] = {
      "system.cpu.load_average.1m", "system.cpu.load_average.5m", "system.cpu.load_average.15m"};
  for (size_t i = 0; i < std::size(kNames); ++i) {
    points.push_back(Point(kNames[i], "{thread}", PointKind::kGauge, {}, Number(fields[i])));
  }
  return points;
}

std::vector<OutgoingPoint> ParseDisks(absl::string_view proc_diskstats) {
  std::vector<Fields> rows;
  std::set<std::string> devices;
  for (absl::string_view line : absl::StrSplit(proc_diskstats, '\n')) {
    Fields fields = Split(line);
    if (fields.size() < 10) continue;
    devices.insert(std::string(fields[2]));
    rows.push_back(std::move(fields));
  }
  std::vector<OutgoingPoint> points;
  for (const Fields& fields : rows) {
    const std::string device(fields[2]);
    if (absl::StartsWith(device, "loop") || absl::StartsWith(device, "ram")) continue;
    if (!IsPartition(device, devices)) AddDisk(device, fields, points);
  }
  return points;
}

std::vector<OutgoingPoint> ParseNetwork(absl::string_view proc_net_dev) {
  std::vector<OutgoingPoint> points;
  for (absl::string_view line : absl::StrSplit(proc_net_dev, '\n')) {
    const size_t colon = line.find(':');
    if (colon == absl::string_view::npos) continue;
    const Fields fields = Split(line.substr(colon + 1));
    if (fields.size() < 16) continue;
    AddInterface(std::string(absl::StripAsciiWhitespace(line.substr(0, colon))), fields, points);
  }
  return points;
}

std::vector<OutgoingPoint> ParseUptime(absl::string_view proc_uptime) {
  const Fields fields = Split(proc_uptime);
  if (fields.empty()) return {};
  return {Point("system.uptime", "s", PointKind::kGauge, {}, Number(fields[0]))};
}

HostReader::HostReader(std::string proc_folder)
    : folder_(std::move(proc_folder)),
      ticks_per_second_(static_cast<double>(sysconf(_SC_CLK_TCK))) {}

std::string HostReader::ReadFile(const char* name) const {
  std::ifstream file(absl::StrCat(folder_, "/", name), std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

absl::StatusOr<std::vector<OutgoingPoint>> HostReader::Read(Timestamp now) {
  std::vector<OutgoingPoint> points;
  const auto add = [&points](std::vector<OutgoingPoint> more) {
    for (OutgoingPoint& point : more) points.push_back(std::move(point));
  };
  CpuTimes times = ParseCpuTimes(ReadFile("stat"), ticks_per_second_);
  add(CpuPoints(times));
  add(CpuUtilization(before_, times));
  before_ = std::move(times);
  add(ParseMemory(ReadFile("meminfo")));
  add(ParseLoad(ReadFile("loadavg")));
  add(ParseDisks(ReadFile("diskstats")));
  add(ParseNetwork(ReadFile("net/dev")));
  add(ParseUptime(ReadFile("uptime")));
  if (points.empty()) {
    return absl::NotFoundError(absl::StrCat("nothing could be read below ", folder_));
  }
  for (OutgoingPoint& point : points) point.time = now;
  return points;
}

}  // namespace tocsin::app
