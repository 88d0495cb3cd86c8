// Where requests may go: addresses, URLs, and connections that are refused by what a name resolves
// to.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "integrations/http/http_client.h"
#include "integrations/http/remote_url.h"
#include "tests/opsgenie/delivery_world.h"
#include "tests/opsgenie_sim/sim_server.h"

namespace tocsin::http_client {
namespace {

const SystemClock kClock;

sockaddr_storage Address(const std::string& text) {
  sockaddr_storage storage{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    storage.ss_family = AF_INET;
  } else {
    EXPECT_EQ(inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr), 1) << text;
    storage.ss_family = AF_INET6;
  }
  return storage;
}

bool Reaches(Reach reach, const std::string& text) {
  const sockaddr_storage storage = Address(text);
  return Allows(reach, reinterpret_cast<const sockaddr&>(storage));
}

TEST(ReachTest, Addresses) {
  for (const char* address :
       {"8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1",
        "192.167.0.1", "169.253.0.1", "2606:4700::1111", "2a00:1450:4001::1", "64:ff9b::808:808",
        "::ffff:8.8.8.8", "2002:808:808::1"}) {
    EXPECT_TRUE(Reaches(Reach::kPublicOnly, address)) << address;
    EXPECT_FALSE(Reaches(Reach::kLoopbackOnly, address)) << address;
  }
  for (const char* address : {"10.0.0.1",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.1.1",
                              "169.254.169.254",
                              "100.100.100.200",
                              "0.0.0.0",
                              "224.0.0.1",
                              "255.255.255.255",
                              "192.0.0.192",
                              "198.18.0.1",
                              "240.0.0.1",
                              "::",
                              "fe80::1",
                              "fc00::1",
                              "fd00:ec2::254",
                              "ff02::1",
                              "::ffff:10.0.0.1",
                              "::ffff:169.254.169.254",
                              "64:ff9b::a00:1",
                              "2002:a00:1::1",
                              "2001::1",
                              "::10.0.0.1"}) {
    EXPECT_FALSE(Reaches(Reach::kPublicOnly, address)) << address;
    EXPECT_FALSE(Reaches(Reach::kLoopbackOnly, address)) << address;
    EXPECT_TRUE(Reaches(Reach::kAnywhere, address)) << address;
  }
  for (const char* address : {"127.0.0.1", "127.255.0.1", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_FALSE(Reaches(Reach::kPublicOnly, address)) << address;
    EXPECT_TRUE(Reaches(Reach::kLoopbackOnly, address)) << address;
  }
}

TEST(ReachTest, Urls) {
  struct Case {
    const char* text;
    const char* host;  // "": refused
    HostKind kind;
  };
  for (const Case& c :
       {Case{"https://hooks.example/x?y=1", "hooks.example", HostKind::kName},
        Case{"http://127.0.0.1:9999/hook", "127.0.0.1", HostKind::kLoopback},
        Case{"https://[::1]:9999", "::1", HostKind::kLoopback},
        Case{"https://10.1.2.3", "10.1.2.3", HostKind::kPrivate},
        Case{"https://8.8.8.8:443/", "8.8.8.8", HostKind::kPublic},
        Case{"https://2130706433/", "2130706433", HostKind::kName},
        Case{"ftp://x", "", HostKind::kName}, Case{"https://", "", HostKind::kName},
        Case{"https:///x", "", HostKind::kName}, Case{"https://a:b@x/", "", HostKind::kName},
        Case{"https://x/#f", "", HostKind::kName}, Case{"https://x/a b", "", HostKind::kName},
        Case{"https://x/\n", "", HostKind::kName}, Case{"", "", HostKind::kName}}) {
    const auto url = ParseRemoteUrl(c.text);
    ASSERT_EQ(url.ok(), *c.host != '\0') << c.text << " " << url.status();
    if (!url.ok()) continue;
    EXPECT_EQ(url->host, c.host) << c.text;
    EXPECT_EQ(url->kind, c.kind) << c.text;
  }
}

// The server is there and answers, so what is refused is refused for its address.
TEST(ReachTest, ANameThatResolvesToAPrivateAddressIsNotReached) {
  sim::SimServer server(delivery::TestSim(), kClock);
  ASSERT_TRUE(server.Start("127.0.0.1:0").ok());
  const std::string port = server.url().substr(server.url().rfind(':'));
  CurlTransport transport;
  struct Case {
    const char* host;
    Reach reach;
    absl::StatusCode code;
  };
  for (const Case& c :
       {Case{"127.0.0.1", Reach::kAnywhere, absl::StatusCode::kOk},
        Case{"127.0.0.1", Reach::kLoopbackOnly, absl::StatusCode::kOk},
        // The connection from before must not be used.
        Case{"127.0.0.1", Reach::kPublicOnly, absl::StatusCode::kFailedPrecondition},
        Case{"localhost", Reach::kAnywhere, absl::StatusCode::kOk},
        Case{"localhost", Reach::kPublicOnly, absl::StatusCode::kFailedPrecondition},
        // Other ways to write 127.0.0.1.
        Case{"2130706433", Reach::kPublicOnly, absl::StatusCode::kFailedPrecondition},
        Case{"0x7f.1", Reach::kPublicOnly, absl::StatusCode::kFailedPrecondition}}) {
    HttpRequest request;
    request.url = absl::StrCat("http://", c.host, port, "/sim/alerts");
    request.reach = c.reach;
    const auto answer = transport.Send(request);
    EXPECT_EQ(answer.status().code(), c.code) << c.host << " " << answer.status();
  }
}

}  // namespace
}  // namespace tocsin::http_client
