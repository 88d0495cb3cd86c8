#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "app/commands/audit.h"
#include "base/manual_clock.h"
#include "integrations/audit/audit_log.h"
#include "tests/storage/temp_dir.h"

namespace tocsin::app {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class AuditCommandTest : public testing::Test {
 protected:
  int Run(AuditOptions options = {}) {
    options.data_dir = dir_.path();
    out_.str("");
    err_.str("");
    return RunAudit(options, out_, err_);
  }
  void Add(const audit::Entry& entry) {
    const auto log = audit::AuditLog::Open(dir_.path(), clock_, metrics_);
    ASSERT_TRUE(log.ok()) << log.status();
    (*log)->Add(entry);
  }

  storage::TempDir dir_;
  ManualClock clock_;
  Metrics metrics_;
  std::ostringstream out_, err_;
};

TEST_F(AuditCommandTest, ShowsEntriesToRead) {
  Add({"request", "anna", "::1:5", {{"body", R"({"a":1})"}, {"answer", "it's\n"}, {"query", ""}}});
  EXPECT_EQ(Run(), 0);
  EXPECT_THAT(out_.str(), StartsWith("1970-01-01T00:00:00.000Z request actor=anna source=::1:5 "
                                     R"(body='{"a":1}' answer="it's\n")"
                                     "\n1 entries, the last is number 1 with SHA-256 "));
}

TEST_F(AuditCommandTest, ShowsTheLastOnes) {
  for (const char* actor : {"anna", "ben", "carl"}) Add({"reload", actor, "", {}});
  EXPECT_EQ(Run({.limit = 1}), 0);
  EXPECT_THAT(out_.str(), Not(HasSubstr("ben")));
  EXPECT_THAT(out_.str(), HasSubstr("actor=carl\n3 entries, "));
  EXPECT_EQ(Run({.limit = 0, .json = true}), 0);
  EXPECT_THAT(out_.str(), StartsWith(R"({"n":1,)"));
  EXPECT_THAT(out_.str(), EndsWith("\"}\n"));
}

TEST_F(AuditCommandTest, SaysThatThereIsNone) {
  EXPECT_EQ(Run(), 2);
  EXPECT_THAT(err_.str(), StartsWith("tocsin audit: there is no audit in "));
}

}  // namespace
}  // namespace tocsin::app
