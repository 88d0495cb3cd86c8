#include "integrations/datadog/host_tags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "storage/keys.h"
#include "storage/memory_store.h"

namespace tocsin::datadog {
namespace {

using ::testing::ElementsAre;

constexpr Timestamp kStart = Timestamp::FromMillis(1'700'000'000'000);

// Counts writes, and refuses them when told.
class WatchedStore : public storage::MemoryStore {
 public:
  absl::Status Write(const storage::WriteBatch& batch, storage::Durability durability) override {
    if (!answer.ok()) return answer;
    ++writes;
    return MemoryStore::Write(batch, durability);
  }
  absl::Status answer;
  int writes = 0;
};

TEST(HostTagsTest, AreInNormalForm) {
  WatchedStore store;
  Metrics metrics;
  HostTags hosts(store, metrics);
  EXPECT_EQ(hosts.Find("h"), nullptr);
  EXPECT_TRUE(*hosts.Update("h", {"Team:SRE", "env:prod", " env:prod ", ""}, kStart));
  EXPECT_THAT(hosts.Find("h")->tags, ElementsAre("env:prod", "team:sre"));
}

TEST(HostTagsTest, VersionsTellChangesApart) {
  WatchedStore store;
  Metrics metrics;
  HostTags hosts(store, metrics);
  EXPECT_FALSE(*hosts.Update("none", {}, kStart));  // known now, and without tags as before
  EXPECT_TRUE(*hosts.Update("h", {"a:1", "b:2"}, kStart));
  const uint64_t first = hosts.Find("h")->version;
  EXPECT_FALSE(*hosts.Update("h", {"b:2", "a:1"}, kStart));
  EXPECT_EQ(hosts.Find("h")->version, first);
  EXPECT_TRUE(*hosts.Update("h", {}, kStart));
  EXPECT_TRUE(*hosts.Update("h", {"a:1", "b:2"}, kStart));
  EXPECT_GT(hosts.Find("h")->version, first);
}

TEST(HostTagsTest, AreWrittenWhenTheyChangeAndOnceAnHour) {
  WatchedStore store;
  Metrics metrics;
  HostTags hosts(store, metrics);
  for (int minutes = 0; minutes <= 120; minutes += 30) {
    ASSERT_TRUE(hosts.Update("h", {"a:1"}, kStart + absl::Minutes(minutes)).ok());
  }
  EXPECT_EQ(store.writes, 3);
}

TEST(HostTagsTest, ComeBackAfterARestart) {
  WatchedStore store;
  Metrics metrics;
  {
    HostTags hosts(store, metrics);
    ASSERT_TRUE(hosts.Update("h", {"a:1"}, kStart).ok());
    ASSERT_TRUE(hosts.Update("g", {}, kStart).ok());
  }
  storage::WriteBatch batch;
  batch.Put(storage::Family::kMeta, storage::DatadogHostKey("broken"), "\x01\xff");
  batch.Put(storage::Family::kMeta, storage::kMetaFormat, "\x01\x05");
  ASSERT_TRUE(store.Write(batch, storage::Durability::kBuffered).ok());
  HostTags hosts(store, metrics);
  EXPECT_EQ(*hosts.Recover(), 1u);
  EXPECT_EQ(hosts.size(), 2u);
  EXPECT_THAT(hosts.Find("h")->tags, ElementsAre("a:1"));
  EXPECT_FALSE(*hosts.Update("h", {"a:1"}, kStart));
}

TEST(HostTagsTest, SilentHostsAreForgotten) {
  WatchedStore store;
  Metrics metrics;
  HostTags hosts(store, metrics);
  ASSERT_TRUE(hosts.Update("old", {"a:1"}, kStart).ok());
  ASSERT_TRUE(hosts.Update("h", {"a:1"}, kStart + absl::Hours(47)).ok());
  EXPECT_EQ(hosts.size(), 2u);
  ASSERT_TRUE(hosts.Update("h", {"a:1"}, kStart + absl::Hours(48)).ok());
  EXPECT_EQ(hosts.size(), 1u);
  HostTags again(store, metrics);
  ASSERT_TRUE(again.Recover().ok());
  EXPECT_EQ(again.Find("old"), nullptr);
  EXPECT_NE(again.Find("h"), nullptr);
}

TEST(HostTagsTest, Limits) {
  WatchedStore store;
  Metrics metrics;
  HostTags hosts(store, metrics, {.hosts_max = 2, .tags_per_host_max = 3});
  ASSERT_TRUE(hosts.Update("a", {"1:1", "2:2", "3:3", "4:4"}, kStart).ok());
  EXPECT_EQ(hosts.Find("a")->tags.size(), 3u);
  ASSERT_TRUE(hosts.Update("b", {}, kStart).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(hosts.Update("c", {}, kStart).status()));
  EXPECT_TRUE(hosts.Update("a", {"x"}, kStart).ok());
  EXPECT_EQ(hosts.size(), 2u);
}

TEST(HostTagsTest, WhatCouldNotBeWrittenIsNotInForce) {
  WatchedStore store;
  Metrics metrics;
  HostTags hosts(store, metrics);
  store.answer = absl::UnavailableError("disk full");
  EXPECT_TRUE(absl::IsUnavailable(hosts.Update("h", {"a:1"}, kStart).status()));
  EXPECT_EQ(hosts.Find("h"), nullptr);
  store.answer = absl::OkStatus();
  EXPECT_TRUE(*hosts.Update("h", {"a:1"}, kStart));
}

}  // namespace
}  // namespace tocsin::datadog
