#include "integrations/audit/audit_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/manual_clock.h"
#include "tests/storage/temp_dir.h"

namespace tocsin::audit {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class AuditLogTest : public testing::Test {
 protected:
  AuditLogTest() { clock_.AdvanceTo(Timestamp::FromMillis(1'700'000'000'000)); }

  std::unique_ptr<AuditLog> Open(uint64_t file_bytes_max = 1 << 20) {
    auto log = AuditLog::Open(dir_.path(), clock_, metrics_, file_bytes_max);
    EXPECT_TRUE(log.ok()) << log.status();
    return *std::move(log);
  }
  std::string Path(const char* name = kFileName) const {
    return absl::StrCat(dir_.path(), "/", name);
  }
  std::string Text() const {
    std::ifstream file(Path());
    return (std::ostringstream() << file.rdbuf()).str();
  }
  void Write(const std::string& text) const { std::ofstream(Path()) << text; }
  Audit Read() {
    lines_.clear();
    auto audit =
        ReadAudit(dir_.path(), [this](const std::string& line) { lines_.push_back(line); });
    EXPECT_TRUE(audit.ok()) << audit.status();
    return audit.ok() ? *audit : Audit();
  }
  double Metric(const std::string& name) const {
    const std::string text = metrics_.ExpositionText();
    const size_t at = text.find(absl::StrCat("\n", name, " "));
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
  }

  storage::TempDir dir_;
  ManualClock clock_;
  Metrics metrics_;
  std::vector<std::string> lines_;
};

TEST_F(AuditLogTest, SaysWhoDidWhatWhenAndFromWhere) {
  auto log = Open();
  log->Add({"request", "on-call", "10.0.0.1:50000", {{"request", "POST /-/reload"}}});
  const Audit audit = Read();
  EXPECT_EQ(audit.entries, 1);
  EXPECT_THAT(audit.findings, IsEmpty());
  ASSERT_EQ(lines_.size(), 1u);
  const json entry = json::parse(lines_[0]);
  EXPECT_EQ(entry, json({{"n", 1},
                         {"time", "2023-11-14T22:13:20.000Z"},
                         {"event", "request"},
                         {"actor", "on-call"},
                         {"source", "10.0.0.1:50000"},
                         {"request", "POST /-/reload"},
                         {"previous", ""}}));
  EXPECT_EQ(Metric("tocsin_audit_entries_total"), 1);
}

TEST_F(AuditLogTest, GoesOnAfterARestart) {
  for (int i = 0; i < 3; ++i) Open()->Add({"started", "", "", {}});
  const Audit audit = Read();
  EXPECT_THAT(audit.findings, IsEmpty());
  EXPECT_EQ(audit.head.n, 3);
  EXPECT_EQ(json::parse(lines_[2])["previous"], HashOf(lines_[1]));
}

TEST_F(AuditLogTest, IsReadByItsOwnerAlone) {
  Open()->Add({"started", "", "", {}});
  struct stat info {};
  ASSERT_EQ(stat(Path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600);
}

TEST_F(AuditLogTest, AChangedEntryShows) {
  auto log = Open();
  for (const char* actor : {"anna", "ben", "carl"}) log->Add({"reload", actor, "", {}});
  Write(absl::StrReplaceAll(Text(), {{"ben", "eve"}}));
  EXPECT_THAT(Read().findings, ElementsAre("audit.jsonl:3: the entry before is not what it was"));
}

TEST_F(AuditLogTest, AnEntryThatIsGoneShows) {
  auto log = Open();
  for (const char* actor : {"anna", "ben", "carl"}) log->Add({"reload", actor, "", {}});
  Read();
  Write(absl::StrCat(lines_[0], "\n", lines_[2], "\n"));
  EXPECT_THAT(Read().findings, ElementsAre("audit.jsonl:2: entry 3 comes after 1"));
  Write(absl::StrCat(lines_[1], "\n"));
  Write(absl::StrReplaceAll(Text(), {{"\"n\":3", "\"n\":1"}}));
  EXPECT_THAT(Read().findings, ElementsAre("audit.jsonl:1: this is not how a chain begins"));
}

TEST_F(AuditLogTest, WhatACrashLeavesOfALineBreaksNothingAfterIt) {
  Open()->Add({"started", "", "", {}});
  Write(Text() + R"({"n":2,"time":"2023-)");
  Open()->Add({"started", "", "", {}});
  EXPECT_THAT(Read().findings, ElementsAre("audit.jsonl:2: this is no whole entry"));
  EXPECT_EQ(Read().head.n, 2);
  EXPECT_EQ(lines_.size(), 2u);
}

TEST_F(AuditLogTest, AFileThatIsFullBecomesTheOlderOne) {
  auto log = Open(500);
  for (int i = 0; i < 20; ++i) log->Add({"reload", "anna", "", {}});
  const Audit audit = Read();
  EXPECT_THAT(audit.findings, IsEmpty()) << "the chain goes from the older file into the newer";
  EXPECT_EQ(audit.head.n, 20);
  EXPECT_LT(audit.entries, 10);
  log = Open(500);
  log->Add({"reload", "anna", "", {}});
  EXPECT_EQ(Read().head.n, 21);
}

TEST_F(AuditLogTest, LongAndStrangeTextsDoNotBreakLines) {
  auto log = Open();
  log->Add({"request", "a\nb", std::string("\xff\0", 2), {{"body", std::string(100'000, 'x')}}});
  EXPECT_THAT(Read().findings, IsEmpty());
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_LT(lines_[0].size(), 3000u);
  EXPECT_EQ(json::parse(lines_[0])["actor"], "a\nb");
}

TEST_F(AuditLogTest, WhatCannotBeWrittenIsCountedAndTheChainGoesOn) {
  auto log = Open(1);  // each entry in a new file
  log->Add({"reload", "anna", "", {}});
  ASSERT_EQ(mkdir(Path(kOlderName).c_str(), 0700), 0);  // no file can take its place
  log->Add({"reload", "ben", "", {}});
  EXPECT_EQ(Metric("tocsin_audit_failures_total"), 1);
  ASSERT_EQ(rmdir(Path(kOlderName).c_str()), 0);
  log->Add({"reload", "carl", "", {}});
  EXPECT_THAT(Read().findings, IsEmpty());
  EXPECT_EQ(Read().head.n, 2);
}

TEST_F(AuditLogTest, AFileThatCannotBeMadeIsTriedAgain) {
  ASSERT_EQ(mkdir(Path().c_str(), 0700), 0);
  auto log = Open();
  log->Add({"started", "", "", {}});
  EXPECT_EQ(Metric("tocsin_audit_failures_total"), 2);
  ASSERT_EQ(rmdir(Path().c_str()), 0);
  log->Add({"reload", "", "", {}});
  EXPECT_EQ(Read().head.n, 1);
}

TEST_F(AuditLogTest, NoneIsNotAnEmptyOne) {
  EXPECT_TRUE(absl::IsNotFound(ReadAudit(dir_.path(), [](const std::string&) {}).status()));
}

}  // namespace
}  // namespace tocsin::audit
