// The thread with its sockets, and a client that is a socket.

#include "integrations/datadog/statsd_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "storage/memory_store.h"
#include "tests/ingest/fake_sink.h"

namespace tocsin::datadog {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class Folder {
 public:
  Folder() { path_ = mkdtemp(pattern_); }
  ~Folder() { rmdir(path_.c_str()); }
  std::string operator/(const char* name) const { return path_ + "/" + name; }

 private:
  char pattern_[32] = "/tmp/tocsin-statsd-XXXXXX";
  std::string path_;
};

struct Rig {
  explicit Rig(StatsdListen listen)
      : hosts(store, metrics),
        series(limits, sink, hosts, metrics),
        intervals(sink),
        intake({limits, sink, series, intervals, metrics}, {.host = "h"}),
        server(intake, clock, std::move(listen)) {}

  const Limits limits{};
  SystemClock clock;
  Metrics metrics;
  storage::MemoryStore store;
  ingest::FakeSink sink;
  HostTags hosts;
  SeriesResolver series;
  MetricIntervals intervals;
  StatsdIntake intake;
  StatsdServer server;
};

void SendUdp(uint16_t port, const std::string& datagram) {
  const int client = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(sendto(client, datagram.data(), datagram.size(), 0,
                   reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
            static_cast<ssize_t>(datagram.size()));
  close(client);
}

void SendUnix(const std::string& path, const std::string& datagram) {
  const int client = socket(AF_UNIX, SOCK_DGRAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(sendto(client, datagram.data(), datagram.size(), 0,
                   reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
            static_cast<ssize_t>(datagram.size()));
  close(client);
}

// Names with their labels and values, without times.
std::vector<std::string> Values(const ingest::FakeSink& sink) {
  std::vector<std::string> values;
  for (const std::string& line : sink.Lines()) {
    if (line.find("datadog_metric_interval") != 0)
      values.push_back(line.substr(0, line.rfind(" @")));
  }
  return values;
}

TEST(StatsdServerTest, ReadsWhatWasSentBeforeItStops) {
  const Folder folder;
  const std::string path = folder / "dsd.socket";
  Rig rig({.udp = "127.0.0.1:0", .socket = path});
  ASSERT_TRUE(rig.server.Start().ok());
  for (int i = 0; i < 100; ++i) SendUdp(rig.server.udp_port(), "udp:1|c");
  SendUnix(path, "unix:2|g\n_sc|a|0");
  SendUnix(path, std::string(8000, 'x') + ":3|g");
  rig.server.Stop();
  const std::string long_name(200, 'x');
  EXPECT_THAT(Values(rig.sink),
              UnorderedElementsAre(R"(udp{host="h"} 100)", R"(unix{host="h"} 2)",
                                   absl::StrCat(long_name, R"({host="h"} 3)"),
                                   R"(datadog_service_check{check="a", host="h"} 0)"));
  EXPECT_EQ(access(path.c_str(), F_OK), -1);  // cleaned up
  rig.server.Stop();
}

TEST(StatsdServerTest, TheSocketHasItsMode) {
  const Folder folder;
  const std::string path = folder / "dsd.socket";
  Rig rig({.socket = path, .socket_mode = 0660});
  ASSERT_TRUE(rig.server.Start().ok());
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0660u);
  EXPECT_EQ(rig.server.udp_port(), 0);
}

TEST(StatsdServerTest, AnOldSocketIsReplacedAndNothingElse) {
  const Folder folder;
  const std::string path = folder / "dsd.socket";
  {
    const int old = socket(AF_UNIX, SOCK_DGRAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    ASSERT_EQ(bind(old, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    Rig busy({.socket = path});
    EXPECT_TRUE(absl::IsFailedPrecondition(busy.server.Start()));
    close(old);  // as a process that died leaves it
  }
  {
    Rig rig({.socket = path});
    EXPECT_TRUE(rig.server.Start().ok());
  }
  std::ofstream(path) << "precious";
  Rig rig({.socket = path});
  EXPECT_TRUE(absl::IsFailedPrecondition(rig.server.Start()));
  EXPECT_EQ(access(path.c_str(), F_OK), 0);
  unlink(path.c_str());
}

TEST(StatsdServerTest, AddressesThatCannotBeHad) {
  Rig first({.udp = "127.0.0.1:0"});
  ASSERT_TRUE(first.server.Start().ok());
  Rig second({.udp = absl::StrCat("127.0.0.1:", first.server.udp_port())});
  EXPECT_TRUE(absl::IsUnavailable(second.server.Start()));
  EXPECT_TRUE(absl::IsInvalidArgument(Rig({.udp = "nonsense"}).server.Start()));
  EXPECT_TRUE(
      absl::IsInvalidArgument(Rig({.socket = "/tmp/" + std::string(200, 'x')}).server.Start()));
}

}  // namespace
}  // namespace tocsin::datadog
