// Random samples, written in both formats by a naive writer, come back as they were; and any text
// with one byte changed is read or refused at a place inside it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <map>
#include <random>

#include "absl/strings/str_format.h"
#include "integrations/scrape/exposition.h"
#include "tests/scrape/exposition_lines.h"

namespace tocsin::scrape {
namespace {

struct Made {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
  std::optional<int64_t> time_ms;
  friend bool operator==(const Made& a, const Made& b) {
    const bool same_value = a.value == b.value || (std::isnan(a.value) && std::isnan(b.value));
    return a.name == b.name && a.labels == b.labels && same_value && a.time_ms == b.time_ms;
  }
};

class Maker {
 public:
  explicit Maker(uint32_t seed) : random_(seed) {}

  size_t Below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }
  std::string Of(const std::vector<std::string>& pieces, size_t count) {
    std::string out;
    for (size_t i = 0; i < count; ++i) out += pieces[Below(pieces.size())];
    return out;
  }
  Made Sample() {
    Made made;
    made.name = "m" + Of({"a", "_", ":", "7"}, Below(4));
    for (size_t i = Below(4); i > 0; --i) {
      made.labels["l" + Of({"a", "_", "7"}, Below(4))] =
          Of({"x", "\"", "\\", "\n", " ", "}", ",", "ß", "# EOF", "n"}, Below(5));
    }
    made.value = std::bit_cast<double>(static_cast<uint64_t>(random_()) << 32 | random_());
    if (Below(2) == 0) made.time_ms = static_cast<int64_t>(Below(1'700'000'000'000));
    return made;
  }

 private:
  std::mt19937 random_;
};

std::string Escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return out;
}

std::string Written(const Made& made, ExpositionFormat format) {
  std::string out = made.name;
  std::string labels;
  for (const auto& [name, value] : made.labels) {
    absl::StrAppend(&labels, labels.empty() ? "" : ",", name, "=\"", Escaped(value), "\"");
  }
  if (!labels.empty()) absl::StrAppend(&out, "{", labels, "}");
  absl::StrAppendFormat(&out, " %.17g", made.value);
  if (made.time_ms && format == ExpositionFormat::kText) absl::StrAppend(&out, " ", *made.time_ms);
  if (made.time_ms && format == ExpositionFormat::kOpenMetrics) {
    absl::StrAppendFormat(&out, " %d.%03d", *made.time_ms / 1000, *made.time_ms % 1000);
  }
  return out + "\n";
}

std::vector<Made> ReadBack(ExpositionFormat format, const std::string& text) {
  std::vector<Made> all;
  const absl::Status status = ReadExposition(format, text, [&](const ExposedSample& sample) {
    Made made{.value = sample.value, .time_ms = sample.time_ms};
    for (const auto& [name, value] : LabelsOfSeries(sample.series)) {
      (name == "__name__" ? made.name : made.labels[std::string(name)]) = value;
    }
    all.push_back(std::move(made));
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status << "\n" << text;
  return all;
}

TEST(ExpositionRandomTest, WhatWasWrittenIsRead) {
  for (uint32_t seed = 0; seed < 500; ++seed) {
    Maker maker(seed);
    std::vector<Made> made(maker.Below(5));
    for (Made& one : made) {
      do one = maker.Sample();
      while (std::isnan(one.value) && std::signbit(one.value));  // "-nan" is no number
    }
    for (const auto format : {ExpositionFormat::kText, ExpositionFormat::kOpenMetrics}) {
      std::string text;
      for (const Made& one : made) text += Written(one, format);
      if (format == ExpositionFormat::kOpenMetrics) text += "# EOF\n";
      EXPECT_TRUE(ReadBack(format, text) == made) << "seed " << seed << "\n" << text;
    }
  }
}

TEST(ExpositionRandomTest, AChangedByteIsReadOrRefusedWithItsPlace) {
  const std::string good =
      "# HELP a_s text\n# TYPE a_s counter\na_s{x=\"1\",y=\"\\n\"} 1.5e3 1700000000\nb 2\n# EOF\n";
  for (const auto format : {ExpositionFormat::kText, ExpositionFormat::kOpenMetrics}) {
    size_t refused = 0;
    for (size_t at = 0; at < good.size(); ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text = good;
        text[at] = static_cast<char>(byte);
        const auto lines = LinesOf(format, text);
        if (lines.empty() || lines.back().rfind("line ", 0) != 0) continue;
        ++refused;
        EXPECT_THAT(lines.back(), testing::MatchesRegex("line [1-6], column [0-9]+: .+"));
      }
    }
    EXPECT_GT(refused, 1000u);
  }
}

}  // namespace
}  // namespace tocsin::scrape
