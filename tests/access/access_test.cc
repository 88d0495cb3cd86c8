#include "integrations/access/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/manual_clock.h"

namespace tocsin::access {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Token Make(const std::string& name, std::vector<Scope> scopes, std::vector<std::string> texts) {
  Token token{.name = name};
  for (const Scope scope : scopes) token.scopes.Add(scope);
  for (const std::string& text : texts) token.digests.push_back(DigestOf(text));
  return token;
}

class AccessTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::string> Check(const std::string& token, Scope scope) {
    return access_.Check({"admin", "10.0.0.1:5", token}, scope);
  }

  Metrics metrics_;
  ManualClock clock_;
  Access access_{metrics_, clock_};
};

TEST_F(AccessTest, WithoutTokensEverybodyMayEverything) {
  for (const Scope scope : kScopes) EXPECT_EQ(Check("", scope).value(), "");
}

TEST_F(AccessTest, AScopeIsForWhatItNamesAndAdminForAll) {
  access_.SetTokens({Make("sender", {Scope::kIngest}, {"s"}), Make("boss", {Scope::kAdmin}, {"b"}),
                     Make("grafana", {Scope::kRead, Scope::kSilence}, {"g"})});
  struct Case {
    const char* token;
    Scope scope;
    absl::StatusCode code;
  };
  const Case cases[] = {
      {"s", Scope::kIngest, absl::StatusCode::kOk},
      {"s", Scope::kRead, absl::StatusCode::kPermissionDenied},
      {"s", Scope::kAdmin, absl::StatusCode::kPermissionDenied},
      {"g", Scope::kRead, absl::StatusCode::kOk},
      {"g", Scope::kSilence, absl::StatusCode::kOk},
      {"g", Scope::kIngest, absl::StatusCode::kPermissionDenied},
      {"g", Scope::kAdmin, absl::StatusCode::kPermissionDenied},
      {"b", Scope::kIngest, absl::StatusCode::kOk},
      {"b", Scope::kAdmin, absl::StatusCode::kOk},
      {"", Scope::kRead, absl::StatusCode::kUnauthenticated},
      {"S", Scope::kIngest, absl::StatusCode::kUnauthenticated},
      {"sender", Scope::kIngest, absl::StatusCode::kUnauthenticated},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Check(c.token, c.scope).status().code(), c.code) << c.token << ScopeName(c.scope);
  }
}

TEST_F(AccessTest, AnOldTokenIsGoodBesideItsSuccessorUntilItIsTakenAway) {
  access_.SetTokens({Make("sender", {Scope::kIngest}, {"old", "new"})});
  EXPECT_EQ(Check("old", Scope::kIngest).value(), "sender");
  EXPECT_EQ(Check("new", Scope::kIngest).value(), "sender");
  access_.SetTokens({Make("sender", {Scope::kIngest}, {"new"})});
  EXPECT_FALSE(Check("old", Scope::kIngest).ok());
}

TEST_F(AccessTest, WhoIsRefusedIsCountedAndTheTokenIsInNoText) {
  access_.SetTokens({Make("sender", {Scope::kIngest}, {"s3cret"})});
  for (const char* token : {"", "s3cret-guess", "s3cret"}) {
    const auto answer = Check(token, Scope::kRead);
    ASSERT_FALSE(answer.ok());
    EXPECT_THAT(std::string(answer.status().message()), Not(HasSubstr("s3cret")));
  }
  const std::string text = metrics_.ExpositionText();
  for (const char* reason : {"no_token", "unknown_token", "scope"}) {
    EXPECT_THAT(text,
                HasSubstr(absl::StrCat("tocsin_access_refused_total{listener=\"admin\",reason=\"",
                                       reason, "\"} 1")));
  }
  EXPECT_THAT(text, Not(HasSubstr("s3cret")));
}

TEST(BearerTokenTest, IsWhatStandsBehindTheWord) {
  EXPECT_EQ(BearerToken("Bearer abc"), "abc");
  EXPECT_EQ(BearerToken("bearer  abc "), "abc");
  EXPECT_EQ(BearerToken("Basic abc"), "");
  EXPECT_EQ(BearerToken("Bearer"), "");
  EXPECT_EQ(BearerToken(""), "");
}

TEST(DigestTest, IsSha256AndReadsBack) {
  const Digest digest = DigestOf("abc");
  EXPECT_EQ(PrintDigest(digest),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(ParseDigest(PrintDigest(digest)), digest);
  EXPECT_EQ(ParseDigest("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"),
            digest);
  EXPECT_FALSE(ParseDigest("ba78"));
  EXPECT_FALSE(ParseDigest(std::string(64, 'g')));
}

// Stopping at the token that is found would be some hundred times faster for the first than for
// the last.
TEST_F(AccessTest, ACheckTakesAsLongWhicheverTokenItIs) {
  std::vector<Token> tokens;
  for (int i = 0; i < 4000; ++i) {
    tokens.push_back(Make(absl::StrCat("t", i), {Scope::kRead}, {absl::StrCat("token-", i)}));
  }
  access_.SetTokens(std::move(tokens));
  const SystemClock clock;
  // The quickest of many: what else runs makes some slower.
  const auto quickest = [&](const std::string& token) {
    absl::Duration best = absl::InfiniteDuration();
    for (int i = 0; i < 50; ++i) {
      const absl::Duration start = clock.Monotonic();
      Check(token, Scope::kRead).IgnoreError();
      best = std::min(best, clock.Monotonic() - start);
    }
    return best;
  };
  const absl::Duration first = quickest("token-0");
  for (const char* other : {"token-3999", "token-4000", "something else"}) {
    const absl::Duration took = quickest(other);
    EXPECT_LT(took, 3 * first) << other;
    EXPECT_LT(first, 3 * took) << other;
  }
}

}  // namespace
}  // namespace tocsin::access
