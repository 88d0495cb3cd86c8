#include "integrations/routing/page_sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integrations/routing/fingerprint.h"
#include "storage/memory_store.h"

namespace tocsin::routing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

state::v1::DesiredPage Page(const std::string& alias, bool open, const Labels& labels,
                            const std::string& severity, uint64_t sequence = 1) {
  state::v1::DesiredPage page;
  page.set_alias(alias);
  page.set_sequence(sequence);
  page.set_episode(1);
  page.set_open(open);
  page.set_severity(severity);
  page.set_labels(std::string(labels.canonical()));
  return page;
}

class PageSourcesTest : public ::testing::Test {
 protected:
  static SuppressorConfig Config() {
    SuppressorConfig config;
    config.inhibit_rules = {{*delivery::ParseMatchers("severity=critical"),
                             *delivery::ParseMatchers("severity=warning"),
                             {"cluster"}}};
    return config;
  }
  void Commit(storage::Outbox& outbox, const state::v1::DesiredPage& page) {
    storage::WriteBatch batch;
    ASSERT_TRUE(outbox.Stage(page, batch).ok());
    ASSERT_TRUE(store_.Write(batch, storage::Durability::kSynced).ok());
    outbox.Publish(page, /*committed=*/true);
  }
  std::vector<std::string> Asked() {
    return suppressor_.Ask({{"cluster", "a"}, {"severity", "warning"}}, {}, Timestamp())
        .inhibited_by;
  }

  storage::MemoryStore store_;
  SeededRandom random_{1};
  Metrics metrics_;
  Silences silences_{store_, random_, Limits(), metrics_};
  Suppressor suppressor_{silences_, Config()};
};

TEST_F(PageSourcesTest, APageInhibitsWhileItIsOpen) {
  storage::Outbox outbox(store_, 10);
  Commit(outbox, Page("down", true, {{"cluster", "a"}}, "critical"));
  EXPECT_EQ(FollowPage(outbox, "down", suppressor_).size(), 1u);
  EXPECT_THAT(Asked(), ElementsAre("down"));
  Commit(outbox, Page("down", true, {{"cluster", "a"}}, "warning", 2));
  FollowPage(outbox, "down", suppressor_);
  EXPECT_THAT(Asked(), IsEmpty()) << "its severity is another";
  Commit(outbox, Page("down", true, {{"cluster", "a"}}, "critical", 3));
  FollowPage(outbox, "down", suppressor_);
  Commit(outbox, Page("down", false, {{"cluster", "a"}}, "critical", 4));
  EXPECT_EQ(FollowPage(outbox, "down", suppressor_).size(), 1u);
  EXPECT_THAT(Asked(), IsEmpty());
  FollowPage(outbox, "never there", suppressor_);
}

// The first evaluation after a start finds the source, whoever comes first.
TEST_F(PageSourcesTest, WhatFiredBeforeARestartInhibitsFromTheStart) {
  {
    storage::Outbox before(store_, 10);
    Commit(before, Page("down", true, {{"cluster", "a"}}, "critical"));
    Commit(before, Page("closed", false, {{"cluster", "a"}}, "critical"));
  }
  storage::Outbox after(store_, 10);
  ASSERT_TRUE(after.Recover().ok());
  FollowAllPages(after, suppressor_);
  EXPECT_THAT(Asked(), ElementsAre("down"));
}

// Known values of Prometheus' own hash.
TEST(FingerprintTest, IsPrometheus) {
  EXPECT_EQ(AlertFingerprint({}), "cbf29ce484222325");
  // 5799056148416392346
  EXPECT_EQ(AlertFingerprint({{"name", "garland, briggs"}, {"fear", "love is not enough"}}),
            "507a62d79ee76c9a");
}

}  // namespace
}  // namespace tocsin::routing
