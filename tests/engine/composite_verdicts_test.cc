// JudgeComposite against the definition, on random expressions over small tables: every label set
// of a small world is tried, in the three-valued logic of the tree as it was written.
#include "engine/alerts/composite_verdicts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <random>

#include "absl/strings/str_cat.h"
#include "rules/composite.h"

namespace tocsin::engine {
namespace {

using rules::Level;

constexpr size_t kMembers = 4;
constexpr size_t kSets = 27;  // three labels, each absent or one of two values

struct Set {
  std::array<int, 3> values;  // 0: absent
  static Set Of(size_t number) {
    const int n = static_cast<int>(number);
    return {{n % 3, n / 3 % 3, n / 9}};
  }
  size_t Number() const { return static_cast<size_t>(values[0] + 3 * values[1] + 9 * values[2]); }
  bool Agrees(const Set& other) const {
    for (size_t i = 0; i < 3; ++i) {
      if (values[i] * other.values[i] != 0 && values[i] != other.values[i]) return false;
    }
    return true;
  }
  Set With(const Set& other) const {
    Set both = *this;
    for (size_t i = 0; i < 3; ++i) both.values[i] = std::max(values[i], other.values[i]);
    return both;
  }
  Set Cut(unsigned kept) const {
    Set cut = *this;
    for (size_t i = 0; i < 3; ++i) cut.values[i] *= static_cast<int>(kept >> i & 1);
    return cut;
  }
  Labels ToLabels() const {
    LabelsBuilder labels;
    const char* const names[] = {"x", "y", "z"};
    for (size_t i = 0; i < 3; ++i) {
      if (values[i] != 0) labels.Set(names[i], absl::StrCat(values[i]));
    }
    return labels.Build();
  }
};

struct Row {
  Set set;
  int level = 0;  // 1, 2
  bool no_data = false;
};
struct Table {
  bool known = true;
  std::vector<Row> rows;
};

// An expression as it is written.
struct Tree {
  enum Kind { kTest, kNot, kAnd, kOr } kind = kTest;
  size_t member = 0;
  std::string op;  // "": a name alone
  int level = 0;   // 3: no_data
  unsigned on = 7;
  std::vector<Tree> children;
};

class Naive {
 public:
  explicit Naive(const std::vector<Table>& tables) : tables_(tables) {}

  struct Said {
    int truth = 0;  // 0 false, 1 unknown, 2 true
    int level = 0;
  };

  bool Holds(const Tree& test, int level, bool no_data) const {
    const int left = test.level == 3 ? static_cast<int>(no_data) : level;
    const int right = test.level == 3 ? 1 : test.level;
    if (test.op == "==") return left == right;
    if (test.op == ">=") return left >= right;
    if (test.op == "<") return left < right;
    return left != right;
  }

  int TruthAt(const Tree& tree, const Set& set, unsigned on = 7) const {
    if (tree.kind == Tree::kNot) return 2 - TruthAt(tree.children[0], set, on);
    if (tree.kind == Tree::kTest) {
      const Table& table = tables_[tree.member];
      if (!table.known) return 1;
      const auto [level, no_data] = WorstAt(tree, set, on);
      return Holds(tree, level, no_data) ? 2 : 0;
    }
    int truth = tree.kind == Tree::kAnd ? 2 : 0;
    for (const Tree& child : tree.children) {
      const int of_child = TruthAt(child, set, on & child.on);
      truth = tree.kind == Tree::kAnd ? std::min(truth, of_child) : std::max(truth, of_child);
    }
    return truth;
  }

  std::pair<int, bool> WorstAt(const Tree& test, const Set& set, unsigned on) const {
    std::pair<int, bool> worst{0, false};
    for (const Row& row : tables_[test.member].rows) {
      if (!row.set.Cut(on).Agrees(set)) continue;
      worst.first = std::max(worst.first, row.level);
      worst.second = worst.second || row.no_data;
    }
    return worst;
  }

  // The worst level among the tests that hold, of branches that hold.
  int LevelAt(const Tree& tree, const Set& set, unsigned on = 7, bool negated = false) const {
    if (tree.kind == Tree::kNot) return LevelAt(tree.children[0], set, on, !negated);
    const int truth = TruthAt(tree, set, on);
    if ((negated ? 2 - truth : truth) != 2) return 0;
    if (tree.kind == Tree::kTest) return WorstAt(tree, set, on).first;
    int level = 0;
    for (const Tree& child : tree.children) {
      level = std::max(level, LevelAt(child, set, on & child.on, negated));
    }
    return level;
  }

  using Sets = std::array<bool, kSets>;
  Sets LabelSets(const Tree& tree, unsigned on = 7, bool negated = false) const {
    Sets sets{};
    if (tree.kind == Tree::kNot) return LabelSets(tree.children[0], on, !negated);
    if (tree.kind == Tree::kTest) {
      if (Holds(tree, 0, false) != negated) {
        sets[0] = true;
        return sets;
      }
      if (!tables_[tree.member].known) return sets;
      for (const Row& row : tables_[tree.member].rows) {
        if (Holds(tree, row.level, row.no_data) != negated) sets[row.set.Cut(on).Number()] = true;
      }
      return sets;
    }
    const bool joins = (tree.kind == Tree::kAnd) != negated;
    if (joins) sets[0] = true;
    for (const Tree& child : tree.children) {
      const Sets of_child = LabelSets(child, on & child.on, negated);
      sets = joins ? Join(sets, of_child) : Union(sets, of_child);
    }
    return sets;
  }

 private:
  static Sets Join(const Sets& a, const Sets& b) {
    Sets joined{};
    for (size_t i = 0; i < kSets; ++i) {
      for (size_t k = 0; k < kSets; ++k) {
        if (!a[i] || !b[k] || !Set::Of(i).Agrees(Set::Of(k))) continue;
        joined[Set::Of(i).With(Set::Of(k)).Number()] = true;
      }
    }
    return joined;
  }
  static Sets Union(Sets a, const Sets& b) {
    for (size_t i = 0; i < kSets; ++i) a[i] = a[i] || b[i];
    return a;
  }

  const std::vector<Table>& tables_;
};

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  size_t Below(size_t n) { return engine_() % n; }
  bool OneIn(size_t n) { return Below(n) == 0; }

  std::vector<Table> Tables() {
    std::vector<Table> tables(kMembers);
    for (Table& table : tables) {
      table.known = !OneIn(6);
      const unsigned shape = OneIn(4) ? 7u : static_cast<unsigned>(Below(8));
      for (size_t rows = Below(4); rows > 0; --rows) {
        table.rows.push_back(
            {Set::Of(Below(kSets)).Cut(shape), static_cast<int>(1 + Below(2)), OneIn(3)});
      }
    }
    return tables;
  }

  Tree Expression(size_t depth) {
    Tree tree;
    const size_t kind = depth == 0 ? 0 : Below(7);
    if (kind < 2) return Test();
    if (kind == 2) {
      tree.kind = Tree::kNot;
      tree.children.push_back(Expression(depth - 1));
      return tree;
    }
    tree.kind = kind < 5 ? Tree::kAnd : Tree::kOr;
    for (size_t i = 2 + Below(2); i > 0; --i) {
      tree.children.push_back(Expression(depth - 1));
      tree.children.back().on = 7;
      if (tree.children.size() > 1 && OneIn(3)) {
        tree.children.back().on = static_cast<unsigned>(Below(8));
      }
    }
    return tree;
  }

 private:
  Tree Test() {
    Tree test;
    test.member = Below(kMembers);
    const struct {
      const char* op;
      int level;
    } tests[] = {{"", 0},   {"", 0},  {"==", 0}, {">=", 1}, {"==", 1},
                 {"==", 2}, {"<", 2}, {"!=", 2}, {"==", 3}, {"!=", 3}};
    const auto& chosen = tests[Below(std::size(tests))];
    test.op = chosen.op;
    test.level = chosen.level;
    return test;
  }

  std::mt19937 engine_;
};

std::string Text(const Tree& tree) {
  if (tree.kind == Tree::kTest) {
    const char* const levels[] = {"ok", "warning", "critical", "no_data"};
    const std::string name = absl::StrCat("m-", tree.member);
    return tree.op.empty() ? name : absl::StrCat(name, " ", tree.op, " ", levels[tree.level]);
  }
  if (tree.kind == Tree::kNot) return absl::StrCat("not (", Text(tree.children[0]), ")");
  std::string text;
  for (const Tree& child : tree.children) {
    if (!text.empty()) {
      absl::StrAppend(&text, tree.kind == Tree::kAnd ? " and " : " or ");
      if (child.on != 7) {
        std::string labels;
        for (unsigned i = 0; i < 3; ++i) {
          if ((child.on >> i & 1) == 0) continue;
          absl::StrAppend(&labels, labels.empty() ? "" : ", ", std::string(1, "xyz"[i]));
        }
        absl::StrAppend(&text, "on (", labels, ") ");
      }
    }
    absl::StrAppend(&text, "(", Text(child), ")");
  }
  return text;
}

std::vector<MemberTable> ToMembers(const std::vector<Table>& tables,
                                   const rules::Composite& composite) {
  std::vector<MemberTable> members;
  for (const rules::CompositeMember& member : composite.members) {
    const Table& table = tables[static_cast<size_t>(member.name[2] - '0')];
    MemberTable& out = members.emplace_back(MemberTable{table.known, {}});
    for (const Row& row : table.rows) {
      out.rows.push_back({row.set.ToLabels(), static_cast<Level>(row.level), row.no_data});
    }
  }
  return members;
}

// What is to be seen at one label set, as text.
std::string Shown(const Set& set, int truth, int level) {
  const char* const truths[] = {"false", "unknown", "true"};
  return absl::StrCat(set.ToLabels().ToString(), " ", truths[truth],
                      truth == 2 ? absl::StrCat(" ", level) : std::string());
}

TEST(CompositeVerdictsTest, AgreesWithTheDefinition) {
  size_t held = 0;
  for (unsigned seed = 1; seed <= 4000; ++seed) {
    Dice dice(seed);
    const std::vector<Table> tables = dice.Tables();
    const Tree tree = dice.Expression(3);
    const std::string text = Text(tree);
    const rules::ParsedComposite parsed = rules::ParseComposite(text);
    ASSERT_TRUE(parsed.composite) << text << ": " << parsed.error->message;

    const Naive naive(tables);
    const Naive::Sets sets = naive.LabelSets(tree);
    // What an alert is already there for is judged, too.
    const size_t known = dice.Below(kSets);
    std::vector<std::string> expected;
    for (size_t i = 0; i < kSets; ++i) {
      if (!sets[i] && i != known) continue;
      const int truth = naive.TruthAt(tree, Set::Of(i));
      const int level = naive.LevelAt(tree, Set::Of(i));
      held += truth == 2;
      expected.push_back(Shown(Set::Of(i), truth, level == 0 ? 2 : level));
    }
    const auto verdicts = JudgeComposite(*parsed.composite, ToMembers(tables, *parsed.composite),
                                         {Set::Of(known).ToLabels()}, 1000);
    ASSERT_TRUE(verdicts.ok()) << verdicts.status();
    std::vector<std::string> got;
    for (const CompositeVerdict& verdict : *verdicts) {
      for (size_t i = 0; i < kSets; ++i) {
        if (!(Set::Of(i).ToLabels() == verdict.labels)) continue;
        got.push_back(
            Shown(Set::Of(i), static_cast<int>(verdict.truth), static_cast<int>(verdict.level)));
      }
    }
    std::sort(expected.begin(), expected.end());
    std::sort(got.begin(), got.end());
    ASSERT_EQ(got, expected) << "seed " << seed << ": " << text;
  }
  EXPECT_GT(held, 1000u) << "the expressions hardly ever hold";
}

// An unknown member leaves open how bad it is, not whether.
TEST(CompositeVerdictsTest, PartlyUnknown) {
  const auto judged = [](const std::string& text) {
    const rules::ParsedComposite parsed = rules::ParseComposite(text);
    std::vector<MemberTable> members;
    for (const rules::CompositeMember& member : parsed.composite->members) {
      MemberTable table;
      table.known = member.name != "unknown";
      if (table.known) table.rows.push_back({Labels{{"x", "1"}}, Level::kWarning, false});
      members.push_back(std::move(table));
    }
    const auto verdicts = JudgeComposite(*parsed.composite, members, {}, 10);
    return verdicts->empty() ? CompositeVerdict() : verdicts->front();
  };
  EXPECT_EQ(judged("a or unknown").truth, Truth::kTrue);
  EXPECT_TRUE(judged("a or unknown").partly_unknown);
  EXPECT_FALSE(judged("a or b").partly_unknown);
  EXPECT_EQ(judged("a and not unknown").truth, Truth::kUnknown);
}

TEST(CompositeVerdictsTest, TooManyPairsAreRefused) {
  const rules::ParsedComposite parsed = rules::ParseComposite("a and b");
  std::vector<MemberTable> members(2);
  for (size_t i = 0; i < 2; ++i) {
    members[i].known = true;
    for (int n = 0; n < 4; ++n) {
      members[i].rows.push_back(
          {Labels{{i == 0 ? "x" : "y", absl::StrCat(n)}}, Level::kCritical, false});
    }
  }
  EXPECT_EQ(JudgeComposite(*parsed.composite, members, {}, 16)->size(), 16u);
  EXPECT_EQ(JudgeComposite(*parsed.composite, members, {}, 15).status().message(),
            "the members' label sets make more than 15 pairs");
}

}  // namespace
}  // namespace tocsin::engine
