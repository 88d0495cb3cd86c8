#include "base/labels.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

TEST(LabelsTest, OrderOfMakingDoesNotMatter) {
  const Labels a{{"b", "2"}, {"a", "1"}, {"__name__", "m"}};
  const Labels b{{"__name__", "m"}, {"a", "1"}, {"b", "2"}};
  EXPECT_EQ(a, b);
  EXPECT_EQ(a.Fingerprint(), b.Fingerprint());
  EXPECT_EQ(a.size(), 3u);
}

TEST(LabelsTest, EmptyValueIsAnAbsentLabel) {
  EXPECT_EQ(Labels({{"a", ""}, {"b", "x"}}), Labels({{"b", "x"}}));
  EXPECT_EQ(LabelsBuilder(Labels{{"a", "1"}}).Set("a", "").Build(), Labels());
}

TEST(LabelsTest, PrintsAsPromQL) {
  EXPECT_EQ(Labels({{"__name__", "up"}}).ToString(), "up");
  EXPECT_EQ(Labels({{"__name__", "up"}, {"job", "a\"b\\c\nd"}}).ToString(),
            "up{job=\"a\\\"b\\\\c\\nd\"}");
  EXPECT_EQ(Labels({{"__name__", "my.metric"}, {"a.b", "x"}}).ToString(),
            "{\"my.metric\", \"a.b\"=\"x\"}");
  EXPECT_EQ(Labels().ToString(), "{}");
}

TEST(LabelsTest, CanonicalBytesRoundTripAndRefuseDamage) {
  const Labels labels{{"__name__", "m"}, {"long", std::string(300, 'x')}};
  auto back = Labels::FromCanonical(labels.canonical());
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(*back, labels);
  for (size_t cut = 1; cut < labels.canonical().size(); ++cut) {
    const auto damaged = Labels::FromCanonical(labels.canonical().substr(0, cut));
    if (damaged.ok()) {
      EXPECT_LT(damaged->size(), 2u) << cut;  // cut between two labels
    }
  }
  EXPECT_FALSE(Labels::FromCanonical("\x01z\x01y\x01a\x01y").ok()) << "not sorted";
  using namespace std::string_literals;  // NOLINT
  EXPECT_TRUE(Labels::FromCanonical("\x01z\x01y"s).ok());
  EXPECT_FALSE(Labels::FromCanonical("\x01z\x81\x00y"s).ok()) << "a length of two bytes for 1";
}

TEST(LabelsTest, OrdersLabelByLabel) {
  EXPECT_LT(Labels({{"a", "1"}}), Labels({{"a", "1"}, {"b", "1"}}));
  EXPECT_LT(Labels({{"a", "1"}, {"c", "1"}}), Labels({{"b", "0"}}));
  EXPECT_LT(Labels(), Labels({{"a", "1"}}));
}

TEST(LabelsBuilderTest, KeepAndDrop) {
  const Labels base{{"a", "1"}, {"b", "2"}, {"c", "3"}};
  EXPECT_EQ(LabelsBuilder(base).Keep({"c", "a"}).Build(), Labels({{"a", "1"}, {"c", "3"}}));
  EXPECT_EQ(LabelsBuilder(base).Drop({"c", "x"}).Build(), Labels({{"a", "1"}, {"b", "2"}}));
}

}  // namespace
}  // namespace tocsin
