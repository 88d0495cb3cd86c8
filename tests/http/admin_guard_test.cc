#include "integrations/http/admin_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/manual_clock.h"

namespace tocsin::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class AdminGuardTest : public ::testing::Test {
 protected:
  AdminGuardTest() {
    std::vector<access::Token> tokens;
    for (const access::Scope scope : access::kScopes) {
      access::Token token{.name = access::ScopeName(scope)};
      token.scopes.Add(scope);
      token.digests.push_back(access::DigestOf(absl::StrCat("token-", access::ScopeName(scope))));
      tokens.push_back(token);
    }
    access_.SetTokens(tokens);
  }

  int Status(const std::string& method, const std::string& path, const std::string& token) {
    HttpRequest request{.method = method, .path = path};
    if (!token.empty()) request.headers = {{"authorization", absl::StrCat("Bearer ", token)}};
    actor_.clear();
    const auto refusal = RefuseAdmin(access_, request, actor_);
    if (!refusal) return 200;
    EXPECT_THAT(refusal->body, Not(HasSubstr("token-")));
    return refusal->status;
  }

  Metrics metrics_;
  ManualClock clock_;
  access::Access access_{metrics_, clock_};
  std::string actor_;
};

TEST_F(AdminGuardTest, EachRouteAsksForItsScope) {
  struct Case {
    const char* method;
    const char* path;
    int none, ingest, read, silence, admin;
  };
  const Case cases[] = {
      {"GET", "/-/healthy", 200, 200, 200, 200, 200},
      {"GET", "/-/ready", 200, 200, 200, 200, 200},
      {"GET", "/metrics", 401, 403, 200, 403, 200},
      {"GET", "/api/v1/query", 401, 403, 200, 403, 200},
      {"POST", "/api/v1/query", 401, 403, 200, 403, 200},
      {"GET", "/api/v2/silences", 401, 403, 200, 403, 200},
      {"POST", "/api/v2/silences", 401, 403, 403, 200, 200},
      {"DELETE", "/api/v2/silence/1", 401, 403, 403, 200, 200},
      {"POST", "/-/reload", 401, 403, 403, 403, 200},
      {"PUT", "/-/reload", 401, 403, 403, 403, 200},
      {"POST", "/api/tocsin/v1/backup", 401, 403, 403, 403, 200},
      {"POST", "/api/tocsin/v1/feedback", 401, 403, 403, 403, 200},
      {"GET", "/api/tocsin/v1/explain", 401, 403, 200, 403, 200},
      {"GET", "/nowhere", 401, 403, 200, 403, 200},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(absl::StrCat(c.method, " ", c.path));
    EXPECT_EQ(Status(c.method, c.path, ""), c.none);
    EXPECT_EQ(Status(c.method, c.path, "token-ingest"), c.ingest);
    EXPECT_EQ(Status(c.method, c.path, "token-read"), c.read);
    EXPECT_EQ(Status(c.method, c.path, "token-silence"), c.silence);
    EXPECT_EQ(Status(c.method, c.path, "token-admin"), c.admin);
  }
}

TEST_F(AdminGuardTest, SaysWhoItWas) {
  EXPECT_EQ(Status("POST", "/-/reload", "token-admin"), 200);
  EXPECT_EQ(actor_, "admin");
  EXPECT_EQ(Status("POST", "/-/reload", "token-read"), 403);
  EXPECT_EQ(actor_, "");
}

TEST_F(AdminGuardTest, WhatChangesSomethingIsAudited) {
  const auto changes = [](const char* method, const char* path) {
    return ChangesSomething({.method = method, .path = path});
  };
  EXPECT_TRUE(changes("POST", "/-/reload"));
  EXPECT_TRUE(changes("POST", "/api/v2/silences"));
  EXPECT_TRUE(changes("DELETE", "/api/v2/silence/1"));
  EXPECT_TRUE(changes("POST", "/api/tocsin/v1/backup"));
  EXPECT_TRUE(changes("POST", "/api/tocsin/v1/feedback"));
  EXPECT_FALSE(changes("GET", "/api/v2/silences"));
  EXPECT_FALSE(changes("POST", "/api/v1/query"));
  EXPECT_FALSE(changes("GET", "/-/healthy"));
}

TEST_F(AdminGuardTest, WithoutTokensNobodyIsAsked) {
  access_.SetTokens({});
  EXPECT_EQ(Status("POST", "/-/reload", ""), 200);
}

}  // namespace
}  // namespace tocsin::http
