#include "app/host_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace tocsin::app {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// `m system.disk.io{system.device=sda} 512 By`, with the kind's letter first.
std::vector<std::string> Texts(const std::vector<OutgoingPoint>& points) {
  std::vector<std::string> texts;
  for (const OutgoingPoint& point : points) {
    std::string attributes;
    for (const auto& [key, value] : point.attributes) {
      absl::StrAppend(&attributes, attributes.empty() ? "" : ",", key, "=", value);
    }
    const char kind = static_cast<char>(point.kind);
    texts.push_back(absl::StrCat(std::string(1, kind), " ", point.name, "{", attributes, "} ",
                                 point.value, " ", point.unit));
  }
  return texts;
}

constexpr char kStat[] =
    "cpu  100 20 30 800 40 5 6 7 50 0\n"
    "cpu0 60 10 20 400 20 5 3 7 50 0\n"
    "cpu1 40 10 10 400 20 0 3 0 0 0\n"
    "intr 1 2 3\nctxt 5\nbtime 1\n";

TEST(HostMetricsTest, CpuSecondsPerCoreAndMode) {
  const CpuTimes times = ParseCpuTimes(kStat, 100);
  ASSERT_THAT(times.cores, SizeIs(2));
  EXPECT_DOUBLE_EQ(times.all.at("idle"), 8);
  EXPECT_DOUBLE_EQ(times.all.at("interrupt"), 0.11);  // hard and soft
  const auto texts = Texts(CpuPoints(times));
  EXPECT_THAT(texts, SizeIs(14));
  EXPECT_THAT(texts, Contains("m system.cpu.time{cpu.logical_number=0,cpu.mode=user} 0.6 s"));
  EXPECT_THAT(texts, Contains("m system.cpu.time{cpu.logical_number=1,cpu.mode=idle} 4 s"));
}

TEST(HostMetricsTest, UtilizationIsTheShareBetweenTwoReadings) {
  const CpuTimes before = ParseCpuTimes("cpu 100 0 0 100 0 0 0 0\n", 100);
  const CpuTimes after = ParseCpuTimes("cpu 150 0 10 130 10 0 0 0\n", 100);
  const auto texts = Texts(CpuUtilization(before, after));
  EXPECT_THAT(texts, Contains("g system.cpu.utilization{cpu.mode=user} 0.5 1"));
  EXPECT_THAT(texts, Contains("g system.cpu.utilization{cpu.mode=idle} 0.3 1"));
  EXPECT_THAT(texts, Contains("g system.cpu.busy{} 0.6 1"));
  EXPECT_THAT(Texts(CpuUtilization(ParseCpuTimes("cpu 1000 0 0 7 9 0 0 0\n", 100),
                                   ParseCpuTimes("cpu 1000 0 0 10 8 0 0 0\n", 100))),
              AllOf(Contains("g system.cpu.utilization{cpu.mode=iowait} 0 1"),
                    Contains("g system.cpu.busy{} 0 1")))
      << "a counter of the kernel that goes back";
  EXPECT_THAT(CpuUtilization(CpuTimes(), after), IsEmpty()) << "nothing to compare with";
  EXPECT_THAT(CpuUtilization(after, after), IsEmpty()) << "no time has passed";
}

TEST(HostMetricsTest, Memory) {
  const auto texts = Texts(
      ParseMemory("MemTotal:  1000 kB\nMemFree:   500 kB\nMemAvailable: 1 kB\nBuffers: 100 kB\n"
                  "Cached:  100 kB\nSReclaimable: 50 kB\n"));
  EXPECT_THAT(texts, Contains("s system.memory.usage{system.memory.state=used} 256000 By"));
  EXPECT_THAT(texts, Contains("s system.memory.usage{system.memory.state=cached} 153600 By"));
  EXPECT_THAT(texts, Contains("g system.memory.utilization{system.memory.state=free} 0.5 1"));
  EXPECT_THAT(texts, Contains("s system.memory.limit{} 1.024e+06 By"));
}

TEST(HostMetricsTest, LoadAndUptime) {
  EXPECT_THAT(Texts(ParseLoad("0.50 1.25 2.00 3/188 29818\n")),
              ElementsAre("g system.cpu.load_average.1m{} 0.5 {thread}",
                          "g system.cpu.load_average.5m{} 1.25 {thread}",
                          "g system.cpu.load_average.15m{} 2 {thread}"));
  EXPECT_THAT(Texts(ParseUptime("4847.99 4209.51\n")), ElementsAre("g system.uptime{} 4847.99 s"));
}

TEST(HostMetricsTest, DisksWithoutPartitions) {
  const auto texts =
      Texts(ParseDisks("   7       0 loop0 9 0 9 0 9 0 9 0 0 0 0\n"
                       "   8       0 sda 10 0 2 0 20 0 4 0 0 0 0\n"
                       "   8       1 sda1 9 0 2 0 9 0 4 0 0 0 0\n"
                       " 259       0 nvme0n1 1 0 6 0 2 0 8 0 0 0 0\n"
                       " 259       1 nvme0n1p1 1 0 6 0 2 0 8 0 0 0 0\n"));
  EXPECT_THAT(
      texts,
      ElementsAre(
          "m system.disk.io{system.device=sda,disk.io.direction=read} 1024 By",
          "m system.disk.io{system.device=sda,disk.io.direction=write} 2048 By",
          "m system.disk.operations{system.device=sda,disk.io.direction=read} 10 {operation}",
          "m system.disk.operations{system.device=sda,disk.io.direction=write} 20 {operation}",
          "m system.disk.io{system.device=nvme0n1,disk.io.direction=read} 3072 By",
          "m system.disk.io{system.device=nvme0n1,disk.io.direction=write} 4096 By",
          "m system.disk.operations{system.device=nvme0n1,disk.io.direction=read} 1 {operation}",
          "m system.disk.operations{system.device=nvme0n1,disk.io.direction=write} 2 "
          "{operation}"));
}

TEST(HostMetricsTest, Network) {
  const auto texts =
      Texts(ParseNetwork("Inter-|   Receive  |  Transmit\n face |bytes    packets errs drop\n"
                         "  eth0: 100 2 3 0 0 0 0 0 400 5 6 0 0 0 0 0\n"
                         "    lo:7 0 0 0 0 0 0 0 7 0 0 0 0 0 0 0\n"));
  EXPECT_THAT(texts, SizeIs(12));
  EXPECT_THAT(texts, Contains("m system.network.io{network.interface.name=eth0,"
                              "network.io.direction=receive} 100 By"));
  EXPECT_THAT(texts, Contains("m system.network.errors{network.interface.name=eth0,"
                              "network.io.direction=transmit} 6 {error}"));
  EXPECT_THAT(texts, Contains("m system.network.io{network.interface.name=lo,"
                              "network.io.direction=transmit} 7 By"));
}

TEST(HostMetricsTest, TextsTheyDoNotKnowGiveNothing) {
  for (const char* text : {"", "\n", "cpu", "rubbish: x\n", "a b c d e f g h i j k\n", ":\n"}) {
    EXPECT_THAT(CpuPoints(ParseCpuTimes(text, 100)), IsEmpty()) << text;
    EXPECT_THAT(ParseMemory(text), IsEmpty()) << text;
    EXPECT_THAT(ParseNetwork(text), IsEmpty()) << text;
  }
  EXPECT_THAT(ParseDisks("sda 1 2\n"), IsEmpty());
  EXPECT_THAT(ParseLoad("1 2"), IsEmpty());
  EXPECT_THAT(ParseUptime(""), IsEmpty());
}

TEST(HostMetricsTest, TheReaderDatesItsPointsAndComparesReadings) {
  std::string pattern = (std::filesystem::temp_directory_path() / "tocsin_proc_XXXXXX").string();
  const std::filesystem::path folder = mkdtemp(pattern.data());
  HostReader reader(folder.string());
  EXPECT_EQ(reader.Read(Timestamp()).status().code(), absl::StatusCode::kNotFound);
  std::ofstream(folder / "stat") << "cpu 100 0 0 100 0 0 0 0\ncpu0 100 0 0 100 0 0 0 0\n";
  const auto first = reader.Read(Timestamp::FromMillis(5));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->front().time, Timestamp::FromMillis(5));
  EXPECT_THAT(Texts(*first), Not(Contains(HasSubstr("utilization"))));
  std::ofstream(folder / "stat") << "cpu 200 0 0 100 0 0 0 0\ncpu0 200 0 0 100 0 0 0 0\n";
  const auto second = reader.Read(Timestamp::FromMillis(6));
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_THAT(Texts(*second), Contains("g system.cpu.busy{} 1 1"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tocsin::app
