#include "integrations/datadog/json_picker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace tocsin::datadog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Json = nlohmann::json;

std::vector<std::string> Elements(const std::string& text, const std::string& key,
                                  size_t* too_large) {
  std::vector<std::string> elements;
  const absl::Status status = ForEachJsonElement(
      text, key,
      [&](const Json& element) {
        elements.push_back(element.dump());
        return absl::OkStatus();
      },
      too_large);
  if (!status.ok()) elements.push_back(std::string(status.message()));
  return elements;
}

TEST(JsonPickerTest, Elements) {
  size_t too_large = 0;
  EXPECT_THAT(Elements(R"({"x":[1],"series":[{"a":[1,{"b":null}]},2,"s",[[]]],"y":{"series":[3]}})",
                       "series", &too_large),
              ElementsAre(R"({"a":[1,{"b":null}]})", "2", R"("s")", "[[]]"));
  EXPECT_THAT(Elements(R"([{"a":1},[2],3.5,true])", "", &too_large),
              ElementsAre(R"({"a":1})", "[2]", "3.5", "true"));
  EXPECT_THAT(Elements(R"({"a":{"b":[1,2]}})", "", &too_large),
              ElementsAre(R"({"a":{"b":[1,2]}})"));
  for (const char* nothing : {"{}", "[]", "7", "null", R"({"series":7})", R"({"series":null})"}) {
    EXPECT_THAT(Elements(nothing, "series", &too_large), IsEmpty()) << nothing;
  }
  EXPECT_EQ(too_large, 0u);
}

TEST(JsonPickerTest, WhatIsNotJson) {
  size_t too_large = 0;
  for (const char* text : {"", "{", "[1,]", "{\"a\":NaN}", "[1] x", "\"\xff\"", "nul"}) {
    EXPECT_THAT(Elements(text, "", &too_large),
                testing::Contains(testing::StartsWith("not JSON, at byte")))
        << text;
  }
  EXPECT_THAT(Elements(std::string(32, '[') + std::string(32, ']'), "x", &too_large), IsEmpty());
  EXPECT_THAT(Elements(std::string(33, '[') + std::string(33, ']'), "x", &too_large),
              ElementsAre("nested deeper than 32"));
}

TEST(JsonPickerTest, LargePiecesAreLeftOut) {
  std::string many = "1";
  for (size_t i = 0; i < kJsonPieceValuesMax; ++i) many += ",[]";
  size_t too_large = 0;
  EXPECT_THAT(
      Elements(absl::StrCat(R"({"s":[{"a":1},{"b":[)", many, R"(]},{"c":1}]})"), "s", &too_large),
      ElementsAre(R"({"a":1})", R"({"c":1})"));
  EXPECT_EQ(too_large, 1u);
  const auto members = ReadJsonMembers(absl::StrCat(R"({"a":[)", many, R"(],"b":1})"), {"a", "b"});
  EXPECT_EQ(members->dump(), R"({"b":1})");
}

TEST(JsonPickerTest, Members) {
  EXPECT_EQ(ReadJsonMembers(R"({"a":{"c":[1]},"b":2,"c":{"a":5},"d":3})", {"a", "d"})->dump(),
            R"({"a":{"c":[1]},"d":3})");
  for (const char* text : {"[{\"a\":1}]", "7", "{}"})
    EXPECT_EQ(ReadJsonMembers(text, {"a"})->dump(), "{}") << text;
  EXPECT_TRUE(absl::IsInvalidArgument(ReadJsonMembers("{", {"a"}).status()));
}

TEST(JsonPickerTest, AnErrorEndsTheWalk) {
  size_t too_large = 0;
  int calls = 0;
  const absl::Status status = ForEachJsonElement(
      "[1,2,3]", "",
      [&](const Json&) { return ++calls == 2 ? absl::UnavailableError("full") : absl::OkStatus(); },
      &too_large);
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace tocsin::datadog
