#include "rules/yaml_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tocsin::rules {
namespace {

using testing::HasSubstr;

std::string Repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

// The tree in one line, or all findings.
std::string Show(const YamlNode& node) {
  std::string text;
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "null";
    case YamlNode::Kind::kScalar:
      return "'" + node.value + "'";
    case YamlNode::Kind::kSequence:
      for (const auto& item : node.items) text += (text.empty() ? "" : ", ") + Show(*item);
      return "[" + text + "]";
    case YamlNode::Kind::kMap:
      for (const auto& entry : node.entries) {
        text += (text.empty() ? "" : ", ") + entry.key->value + ": " + Show(*entry.value);
      }
      return "{" + text + "}";
  }
  return "";
}

std::string Parse(const std::string& text) {
  std::vector<Diagnostic> findings;
  const auto document = YamlDocument::Parse("f", text, YamlLimits{}, findings);
  if (findings.empty()) return document ? Show(document->root()) : "null without finding";
  std::string all;
  for (const Diagnostic& finding : findings) all += FormatDiagnostic(finding) + "\n";
  return all;
}

TEST(YamlTreeTest, Trees) {
  const struct {
    const char* name;
    const char* text;
    const char* expected;
  } cases[] = {
      {"empty", "", "null"},
      {"comment only", "# nothing\n", "null"},
      {"byte order mark",
       "\xef\xbb\xbf"
       "a: 1",
       "{a: '1'}"},
      {"scalars stay texts", "a: 5\nb: true\nc: 0x1f\nd: 1e3",
       "{a: '5', b: 'true', c: '0x1f', d: '1e3'}"},
      {"nulls", "a:\nb: ~\nc: null\nd: 'null'", "{a: null, b: null, c: null, d: 'null'}"},
      {"string tag", "a: !!str 5", "{a: '5'}"},
      {"anchor and alias", "a: &x {k: 1}\nb: *x", "{a: {k: '1'}, b: {k: '1'}}"},
      {"merge", "a: &x {k: 1, l: 2}\nb: {<<: *x, l: 3}",
       "{a: {k: '1', l: '2'}, b: {l: '3', k: '1'}}"},
      {"merge list", "a: &x {k: 1}\nb: &y {k: 2, m: 3}\nc: {<<: [*x, *y]}",
       "{a: {k: '1'}, b: {k: '2', m: '3'}, c: {k: '1', m: '3'}}"},
      {"crlf", "a: 1\r\nb: |\r\n  x\r\n  y\r\n", "{a: '1', b: 'x\ny\n'}"},
  };
  for (const auto& c : cases) EXPECT_EQ(Parse(c.text), c.expected) << c.name;
}

TEST(YamlTreeTest, FindingsNameTheirPlace) {
  const struct {
    const char* name;
    std::string text;
    const char* expected;
  } cases[] = {
      {"duplicate key", "a: 1\nb: 2\na: 3",
       "f:3:1: error: key \"a\" is given twice [TC004]\n  hint: first given in line 1"},
      {"two duplicates", "{a: 1, a: 2, b: 1, b: 2}", "f:1:20: error: key \"b\" is given twice"},
      {"tag", "a: !!binary aGk=",
       "f:1:4: error: YAML tag \"tag:yaml.org,2002:binary\" is not allowed [TC002]"},
      {"own tag", "a: !x {}", "f:1:4: error: YAML tag \"!x\" is not allowed"},
      {"syntax", "a: [1, 2", "[TC002]"},
      {"tab", "a:\n\tb: 1", "f:2:"},
      {"unknown alias", "a: *x", "f:1:"},
      {"alias to its parent", "a: &x [*x]",
       "f:1:8: error: alias refers to a node that contains it"},
      {"map as key", "? {a: 1}\n: 2", "a key must be a plain word"},
      {"bad merge", "a: {<<: 5}", "f:1:9: error: \"<<\" needs a map or a list of maps"},
      {"bad bytes", "a: \xff", "f:1:4: error: not valid UTF-8 [TC002]"},
      {"overlong bytes", "a: \xc0\xaf", "f:1:4: error: not valid UTF-8"},
      {"stray comma", "a: 1\n,", "f:2:1: error: "},
      {"stray commas and an alias", ",x,x,xroute:bame: a,]\n,*c]", "[TC002]"},
      {"second document", "a: 1\n---\nb: 2", "f:3:1: warning: only the first YAML document"},
  };
  for (const auto& c : cases) EXPECT_THAT(Parse(c.text), HasSubstr(c.expected)) << c.name;
}

TEST(YamlTreeTest, EmptyFurtherDocumentsAreFine) {
  EXPECT_EQ(Parse("---\na: 1\n---\n"), "{a: '1'}");
  EXPECT_EQ(Parse("a: 1\n...\n"), "{a: '1'}");
}

TEST(YamlTreeTest, BombsAreRefused) {
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" +
              Repeat(before + " , ", 9) + before + " ]\n";
  }
  std::string merges = "a: &a {";
  for (int i = 0; i < 1000; ++i) merges += "k" + std::to_string(i) + ": 1, ";
  merges += "}\nb: {<<: [" + Repeat("*a , ", 500) + "]}";
  const struct {
    const char* name;
    std::string text;
    const char* expected;
  } cases[] = {
      {"exponential aliases", laughs, "more than 100000 YAML nodes [TC003]"},
      {"merged maps", merges, "more than 100000 YAML nodes [TC003]"},
      {"deep flow", Repeat("[", 50'000), "nested deeper than 32 levels [TC003]"},
      {"deep maps", Repeat("{a: ", 50'000), "nested deeper than 32 levels [TC003]"},
      {"deep block", Repeat("- ", 5'000), "nested deeper than 32 levels [TC003]"},
      {"many nodes", "[" + Repeat("1,", 120'000) + "]", "more than 100000 YAML nodes [TC003]"},
      {"large", std::string((1 << 20) + 1, ' '),
       "f: error: file is larger than 1048576 bytes [TC003]"},
  };
  for (const auto& c : cases) EXPECT_THAT(Parse(c.text), HasSubstr(c.expected)) << c.name;
}

TEST(YamlTreeTest, DeepAliasesCountTheirDepth) {
  std::string text = "a: &a " + Repeat("[", 20) + Repeat("]", 20) + "\nb: " + Repeat("[", 20) +
                     "*a " + Repeat("]", 20);
  EXPECT_THAT(Parse(text), HasSubstr("nested deeper than 32 levels"));
}

// The character that a value's character stands for is found in the file, whatever the style.
TEST(YamlTreeTest, PositionsInsideScalars) {
  const struct {
    const char* name;
    std::string text;    // one key `a`
    std::string wanted;  // the first byte of this part of the value
    int line;
    int column;
  } cases[] = {
      {"plain", "a: sum(x) + y", "y", 1, 13},
      {"plain, two lines", "a: sum(x)\n   + y", "y", 2, 6},
      {"after an anchor", "a: &x sum(y)", "y", 1, 11},
      {"double quoted", "a: \"sum(x) y\"", "y", 1, 12},
      {"escaped quote", "a: \"q{l=\\\"v\\\"} y\"", "y", 1, 16},
      {"escaped line end", "a: \"x \\n y\"", "y", 1, 10},
      {"hex escapes", "a: \"\\x41\\u00e9 y\"", "y", 1, 16},
      {"single quoted", "a: 'it''s y'", "y", 1, 11},
      {"literal", "a: |\n  sum(x)\n   + y\n", "y", 3, 6},
      {"literal with comment", "a: |-  # why\n  y", "y", 2, 3},
      {"literal with indent digit", "a: |2\n    x\n  y\n", "y", 3, 3},
      {"literal with empty lines", "a: |\n\n  x\n\n  y\n", "y", 5, 3},
      {"folded", "a: >-\n  sum(x)\n  + y\n", "y", 3, 5},
      {"folded, more indented", "a: >\n  x\n    z\n  y\n", "y", 4, 3},
      {"code points", "a: |\n  äöü y\n", "y", 2, 7},
      {"crlf", "a: |\r\n  x\r\n  y\r\n", "y", 3, 3},
      {"first", "a: |\n  xyz\n", "xyz", 2, 3},
      {"white space", "a: |\n  x z\n", " z", 2, 4},
  };
  for (const auto& c : cases) {
    std::vector<Diagnostic> findings;
    const auto document = YamlDocument::Parse("f", c.text, YamlLimits{}, findings);
    ASSERT_TRUE(document) << c.name;
    const YamlNode& scalar = *document->root().entries.at(0).value;
    const size_t at = scalar.value.find(c.wanted);
    ASSERT_NE(at, std::string::npos) << c.name << ": " << scalar.value;
    const SourcePosition position = document->PositionInside(scalar, at);
    EXPECT_EQ(position.line, c.line) << c.name;
    EXPECT_EQ(position.column, c.column) << c.name;
  }
}

TEST(YamlTreeTest, EndOfValueIsBehindItsLastCharacter) {
  std::vector<Diagnostic> findings;
  const auto document = YamlDocument::Parse("f", "a: |\n  sum(\n\nb: 1\n", YamlLimits{}, findings);
  const YamlNode& scalar = *document->root().entries.at(0).value;
  const SourcePosition position = document->PositionInside(scalar, scalar.value.size());
  EXPECT_EQ(position.line, 2);
  EXPECT_EQ(position.column, 7);
}

}  // namespace
}  // namespace tocsin::rules
