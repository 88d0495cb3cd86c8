#include "integrations/ingest/otlp_attributes.h"

#include <gtest/gtest.h>

#include <limits>

#include "absl/strings/str_cat.h"
#include "proto/opentelemetry/proto/common/v1/common.pb.h"
#include "proto/opentelemetry/proto/resource/v1/resource.pb.h"

namespace tocsin::ingest {
namespace {

namespace common = opentelemetry::proto::common::v1;

constexpr AttributeLimits kLimits = {.count_max = 100, .text_bytes_max = 1000};

// The text of one value, by way of the wire; "error N" for an AttributeError.
std::string TextOf(const common::AnyValue& value) {
  opentelemetry::proto::resource::v1::Resource resource;
  auto* attribute = resource.add_attributes();
  attribute->set_key("k");
  *attribute->mutable_value() = value;
  Attributes attributes;
  const AttributeError error =
      DecodeAttributes(resource.SerializeAsString(), 1, kLimits, attributes);
  if (error != AttributeError::kNone) return absl::StrCat("error ", static_cast<int>(error));
  return attributes.at(0).second;
}

common::AnyValue Double(double number) {
  common::AnyValue value;
  value.set_double_value(number);
  return value;
}

TEST(OtlpAttributesTest, Scalars) {
  common::AnyValue value;
  EXPECT_EQ(TextOf(value), "");
  value.set_string_value("größe \"x\"");
  EXPECT_EQ(TextOf(value), "größe \"x\"");
  value.set_bool_value(true);
  EXPECT_EQ(TextOf(value), "true");
  value.set_bool_value(false);
  EXPECT_EQ(TextOf(value), "false");
  value.set_int_value(std::numeric_limits<int64_t>::min());
  EXPECT_EQ(TextOf(value), "-9223372036854775808");
  value.set_bytes_value(std::string("\x00\xff\x10", 3));
  EXPECT_EQ(TextOf(value), "AP8Q");
  value.set_bytes_value("a");
  EXPECT_EQ(TextOf(value), "YQ==");
}

TEST(OtlpAttributesTest, NumbersInJavaScriptNotation) {
  const std::pair<double, const char*> cases[] = {
      {0, "0"},           {-0.0, "-0"},
      {1, "1"},           {1.5, "1.5"},
      {-2.25, "-2.25"},   {0.1, "0.1"},
      {100, "100"},       {1e20, "100000000000000000000"},
      {1e21, "1e+21"},    {1.25e300, "1.25e+300"},
      {1e-6, "0.000001"}, {1e-7, "1e-7"},
      {1.5e-7, "1.5e-7"}, {123456789012345680.0, "123456789012345680"},
      {5e-324, "5e-324"}};
  for (const auto& [number, want] : cases) EXPECT_EQ(TextOf(Double(number)), want);
  EXPECT_EQ(TextOf(Double(std::numeric_limits<double>::infinity())),
            "json: unsupported value: +Inf");
  EXPECT_EQ(TextOf(Double(std::numeric_limits<double>::quiet_NaN())),
            "json: unsupported value: NaN");
}

TEST(OtlpAttributesTest, ArraysAndListsAreJson) {
  common::AnyValue value;
  auto* array = value.mutable_array_value();
  array->add_values()->set_string_value("a\"\\\n<b>\x01\xe2\x80\xa8");
  array->add_values()->set_int_value(-3);
  array->add_values()->set_bool_value(true);
  array->add_values()->set_bytes_value("a");
  array->add_values();
  *array->add_values() = Double(0.5);
  auto* list = array->add_values()->mutable_kvlist_value();
  for (const char* key : {"z", "a", "z"}) {
    auto* member = list->add_values();
    member->set_key(key);
    member->mutable_value()->set_int_value(list->values_size());
  }
  EXPECT_EQ(TextOf(value),
            "[\"a\\\"\\\\\\n\\u003cb\\u003e\\u0001\\u2028\",-3,true,\"YQ==\",null,0.5,"
            "{\"a\":2,\"z\":3}]");
  EXPECT_EQ(TextOf(common::AnyValue()), "");
  value.Clear();
  value.mutable_array_value();
  EXPECT_EQ(TextOf(value), "[]");
  value.mutable_kvlist_value();
  EXPECT_EQ(TextOf(value), "{}");
  // JSON has no word for it.
  *value.mutable_array_value()->add_values() = Double(std::numeric_limits<double>::infinity());
  EXPECT_EQ(TextOf(value), "");
}

TEST(OtlpAttributesTest, RefusesWhatIsTooDeep) {
  common::AnyValue value;
  common::AnyValue* at = &value;
  for (int i = 0; i < kAttributeDepthMax - 1; ++i) at = at->mutable_array_value()->add_values();
  at->set_int_value(7);
  EXPECT_EQ(TextOf(value), std::string(kAttributeDepthMax - 1, '[') + "7" +
                               std::string(kAttributeDepthMax - 1, ']'));
  at->mutable_array_value()->add_values()->set_int_value(7);
  EXPECT_EQ(TextOf(value), "error 3");
}

// However little is copied of what is too long, it stays too long.
TEST(OtlpAttributesTest, LimitsTexts) {
  common::AnyValue text, bytes, array, list;
  text.set_string_value(std::string(5000, 'x'));
  bytes.set_bytes_value(std::string(5000, 'x'));
  for (int i = 0; i < 5000; ++i) array.mutable_array_value()->add_values();
  for (int i = 0; i < 5000; ++i) {
    list.mutable_kvlist_value()->add_values()->set_key(std::to_string(i));
  }
  common::AnyValue nested, nested_list;
  for (const auto& value : {text, bytes, array, list}) {
    *nested.mutable_array_value()->add_values() = value;
    *nested_list.mutable_kvlist_value()->add_values()->mutable_value() = value;
  }
  for (const auto& value : {text, bytes, array, list, nested, nested_list}) {
    EXPECT_GT(TextOf(value).size(), kLimits.text_bytes_max)
        << value.ShortDebugString().substr(0, 50);
    EXPECT_LT(TextOf(value).size(), 4 * kLimits.text_bytes_max);
  }
  // A later equal key replaces the earlier one and does not add up.
  common::AnyValue same;
  for (int i = 0; i < 5000; ++i) {
    auto* member = same.mutable_kvlist_value()->add_values();
    member->set_key("k");
    member->mutable_value()->set_int_value(i);
  }
  EXPECT_EQ(TextOf(same), "{\"k\":4999}");
  // As long as may be.
  text.set_string_value(std::string(1000, 'x'));
  EXPECT_EQ(TextOf(text).size(), 1000u);
}

TEST(OtlpAttributesTest, RefusesTooMany) {
  std::string message;
  for (size_t i = 0; i < kLimits.count_max; ++i) message += std::string("\x0a\x00", 2);
  Attributes attributes;
  EXPECT_EQ(DecodeAttributes(message, 1, kLimits, attributes), AttributeError::kNone);
  message += std::string("\x0a\x00", 2);
  attributes.clear();
  EXPECT_EQ(DecodeAttributes(message, 1, kLimits, attributes), AttributeError::kTooMany);
}

TEST(OtlpAttributesTest, RefusesInvalidUtf8) {
  // Key "k", string value of one byte 0xff; then the same as a key.
  Attributes attributes;
  EXPECT_EQ(DecodeAttributes(std::string("\x0a\x08\x0a\x01k\x12\x03\x0a\x01\xff", 10), 1, kLimits,
                             attributes),
            AttributeError::kInvalidUtf8);
  EXPECT_EQ(DecodeAttributes(std::string("\x0a\x03\x0a\x01\xc0", 5), 1, kLimits, attributes),
            AttributeError::kInvalidUtf8);
  EXPECT_EQ(DecodeAttributes(std::string("\x0a\x05\x0a\x01k", 5), 1, kLimits, attributes),
            AttributeError::kMalformed);
}

// protobuf merges a message field that occurs twice; the oneof's last member counts.
TEST(OtlpAttributesTest, MergesRepeatedFields) {
  common::AnyValue one, two, text;
  one.mutable_array_value()->add_values()->set_int_value(1);
  two.mutable_array_value()->add_values()->set_int_value(2);
  text.set_string_value("t");
  const auto text_of = [](const std::string& value_bytes) {
    common::KeyValue attribute;
    attribute.set_key("k");
    EXPECT_TRUE(attribute.mutable_value()->MergeFromString(value_bytes));
    std::string message =
        absl::StrCat("\x12", std::string(1, static_cast<char>(value_bytes.size())), value_bytes);
    message = absl::StrCat("\x0a", std::string(1, static_cast<char>(message.size())), message);
    Attributes attributes;
    EXPECT_EQ(DecodeAttributes(message, 1, kLimits, attributes), AttributeError::kNone);
    EXPECT_EQ(attributes.at(0).second, TextOf(attribute.value()));
    return attributes.at(0).second;
  };
  EXPECT_EQ(text_of(one.SerializeAsString() + two.SerializeAsString()), "[1,2]");
  EXPECT_EQ(text_of(one.SerializeAsString() + text.SerializeAsString()), "t");
  EXPECT_EQ(text_of(one.SerializeAsString() + text.SerializeAsString() + two.SerializeAsString()),
            "[2]");
}

}  // namespace
}  // namespace tocsin::ingest
