#include "integrations/http/form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::http {
namespace {

TEST(FormTest, DecodesNamesAndValues) {
  Form form;
  ASSERT_TRUE(form.Add("query=up%7Bjob%3D%22a%22%7D+%2B+1&empty=&bare&r%5B%5D=1&r[]=2"));
  EXPECT_EQ(form.Get("query"), "up{job=\"a\"} + 1");
  EXPECT_TRUE(form.Has("empty"));
  EXPECT_TRUE(form.Has("bare"));
  EXPECT_FALSE(form.Has("none"));
  EXPECT_THAT(form.All("r[]"), ::testing::ElementsAre("1", "2"));
}

TEST(FormTest, RefusesBadEscapes) {
  for (const char* text : {"a=%", "a=%1", "a=%zz", "%G0=1"}) {
    Form form;
    EXPECT_FALSE(form.Add(text)) << text;
  }
}

TEST(FormTest, EncodingDecodesToTheSame) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  std::string back;
  ASSERT_TRUE(PercentDecode(PercentEncode(all), true, &back));
  EXPECT_EQ(back, all);
}

}  // namespace
}  // namespace tocsin::http
