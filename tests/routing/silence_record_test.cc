// The bytes of a silence on disk. A change that fails here means: raise the version of the record
// and kFormatNumber, and keep reading the old bytes.

#include "integrations/routing/silence_record.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"

namespace tocsin::routing {
namespace {

Silence Example() {
  return {.id = "0b5e2a1c-7d3f-4a6b-8c9d-0e1f2a3b4c5d",
          .matchers = *delivery::ParseMatchers("{a=b,c!=d,e=~\"f+\",g!~h}"),
          .starts_at = Timestamp::FromMillis(1000),
          .ends_at = Timestamp::FromMillis(300'000),
          .updated_at = Timestamp::FromMillis(999),
          .created_by = "me",
          .comment = "why"};
}

TEST(SilenceRecordTest, GoldenBytes) {
  EXPECT_EQ(absl::BytesToHexString(EncodeSilence(Example())),
            "01"    // version
            "0a24"  // id
            "30623565326131632d376433662d346136622d386339642d306531663261336234633564"
            "12060a0161"  // a = b
            "1a0162"
            "12080a0163"  // c != d
            "1001"
            "1a0164"
            "12090a0165"  // e =~ f+
            "1002"
            "1a02662b"
            "12080a0167"  // g !~ h
            "1003"
            "1a0168"
            "18e807"        // starts
            "20e0a712"      // ends
            "28e707"        // updated
            "32026d65"      // created by
            "3a03776879");  // comment
}

TEST(SilenceRecordTest, ReadsBack) {
  const auto back = DecodeSilence(EncodeSilence(Example()));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->id, Example().id);
  ASSERT_EQ(back->matchers.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(back->matchers[i].ToString(), Example().matchers[i].ToString());
  }
  EXPECT_EQ(back->starts_at, Example().starts_at);
  EXPECT_EQ(back->ends_at, Example().ends_at);
  EXPECT_EQ(back->updated_at, Example().updated_at);
  EXPECT_EQ(back->created_by, "me");
  EXPECT_EQ(back->comment, "why");
}

TEST(SilenceRecordTest, WhatIsNoSilenceIsRefused) {
  const std::string bytes = EncodeSilence(Example());
  EXPECT_TRUE(absl::IsDataLoss(DecodeSilence("").status()));
  EXPECT_TRUE(absl::IsDataLoss(DecodeSilence(bytes.substr(0, bytes.size() - 1)).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(DecodeSilence("\x02" + bytes.substr(1)).status()));
  std::string unknown_type = bytes;
  unknown_type[bytes.find(std::string("\x10\x03", 2)) + 1] = 9;
  EXPECT_TRUE(absl::IsDataLoss(DecodeSilence(unknown_type).status()));
  std::string bad_regex = bytes;
  bad_regex[bytes.find("f+")] = '+';
  EXPECT_TRUE(absl::IsDataLoss(DecodeSilence(bad_regex).status()));
}

}  // namespace
}  // namespace tocsin::routing
