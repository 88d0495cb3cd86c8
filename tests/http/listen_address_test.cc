#include "integrations/http/listen_address.h"

#include <gtest/gtest.h>

namespace tocsin::http {
namespace {

TEST(ListenAddressTest, Parses) {
  struct Case {
    const char* text;
    const char* host;
    int port;
    bool loopback;
  };
  const Case cases[] = {
      {"127.0.0.1:9095", "127.0.0.1", 9095, true},
      {"127.8.0.1:0", "127.8.0.1", 0, true},
      {"localhost:1", "localhost", 1, true},
      {"[::1]:4317", "::1", 4317, true},
      {":9095", "", 9095, false},
      {"0.0.0.0:65535", "0.0.0.0", 65535, false},
      {"[::]:80", "::", 80, false},
      {"tocsin.example:80", "tocsin.example", 80, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const auto address = ParseListenAddress(c.text);
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_EQ(address->host, c.host);
    EXPECT_EQ(address->port, c.port);
    EXPECT_EQ(address->IsLoopback(), c.loopback);
    EXPECT_EQ(address->ToString(), c.text);
  }
}

TEST(ListenAddressTest, Refuses) {
  for (const char* text : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:-1",
                           "127.0.0.1:+1", "127.0.0.1:65536", "::1:80", "http://x:80", "a b:80"}) {
    EXPECT_FALSE(ParseListenAddress(text).ok()) << text;
  }
}

}  // namespace
}  // namespace tocsin::http
