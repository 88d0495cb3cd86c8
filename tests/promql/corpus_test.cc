// Every expression of the shared data parses, and printing it is lossless.

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rules/promql/parser.h"
#include "rules/promql/printer.h"
#include "tests/promql/tree_text.h"

namespace tocsin::promql {
namespace {

struct Found {
  std::string file;
  std::string text;
};

std::filesystem::path DataFolder() {
  if (const char* data = std::getenv("TOCSIN_SHARED_DATA")) return data;
  const char* source = std::getenv("TOCSIN_SOURCE_DIR");
  return std::filesystem::path(source != nullptr ? source : ".") / ".." / "shared" / "data";
}

absl::string_view NextWord(absl::string_view& rest) {
  rest = absl::StripLeadingAsciiWhitespace(rest);
  const absl::string_view word = rest.substr(0, rest.find_first_of(" \t"));
  rest.remove_prefix(word.size());
  return word;
}

// "eval instant at 5m EXPR" and "eval range from 0 to 10m step 1m EXPR"; empty for other lines.
std::string ScriptExpression(absl::string_view line) {
  if (!absl::StartsWith(NextWord(line), "eval")) return "";
  const absl::string_view kind = NextWord(line);
  if (kind != "instant" && kind != "range") return "";
  for (int words = kind == "instant" ? 2 : 6; words > 0; --words) NextWord(line);
  return std::string(absl::StripAsciiWhitespace(line));
}

void AddScript(const std::filesystem::path& path, std::vector<Found>& out) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::string text = ScriptExpression(line);
    if (!text.empty()) out.push_back({path.string(), text});
  }
}

void AddExprs(const YAML::Node& node, const std::string& file, std::vector<Found>& out) {
  if (node.IsSequence()) {
    for (const auto& item : node) AddExprs(item, file, out);
  }
  if (!node.IsMap()) return;
  for (const auto& entry : node) {
    if (entry.first.as<std::string>() == "expr" && entry.second.IsScalar()) {
      out.push_back({file, entry.second.as<std::string>()});
    } else {
      AddExprs(entry.second, file, out);
    }
  }
}

std::vector<Found> Collect(const std::string& folder) {
  std::vector<Found> out;
  const std::filesystem::path root = DataFolder() / folder;
  if (!std::filesystem::exists(root)) return out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    const std::filesystem::path& path = entry.path();
    if (path.extension() == ".test") AddScript(path, out);
    if (path.extension() != ".yml" && path.extension() != ".yaml") continue;
    for (const YAML::Node& document : YAML::LoadAllFromFile(path.string())) {
      AddExprs(document, path.string(), out);
    }
  }
  return out;
}

struct Folder {
  const char* name;
  size_t expressions_min;  // guards against an extraction that finds nothing
  bool experimental;
};

class Corpus : public testing::TestWithParam<Folder> {};

TEST_P(Corpus, ParsesAndPrintsWithoutLoss) {
  const std::vector<Found> found = Collect(GetParam().name);
  if (found.empty()) GTEST_SKIP() << "no shared data at " << DataFolder() / GetParam().name;
  EXPECT_GE(found.size(), GetParam().expressions_min);
  ParseOptions options;
  options.experimental = GetParam().experimental;
  for (const Found& f : found) {
    const ParseResult result = ParseExpr(f.text, options);
    ASSERT_FALSE(result.error.has_value()) << f.file << ": " << f.text << "\n"
                                           << FormatParseError(f.text, *result.error);
    const std::string printed = Print(*result.expr);
    const ParseResult again = ParseExpr(printed, options);
    ASSERT_FALSE(again.error.has_value()) << f.file << ": " << printed << "\n"
                                          << FormatParseError(printed, *again.error);
    EXPECT_EQ(TreeText(*again.expr), TreeText(*result.expr)) << f.file << ": " << printed;
    EXPECT_EQ(Print(*again.expr), printed) << f.file;
  }
  RecordProperty("expressions", static_cast<int>(found.size()));
}

INSTANTIATE_TEST_SUITE_P(Shared, Corpus,
                         testing::Values(Folder{"promqltest", 400, true},
                                         Folder{"rules", 300, false},
                                         Folder{"rule_tests", 30, false}),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace tocsin::promql
