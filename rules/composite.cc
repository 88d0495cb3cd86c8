#include "rules/composite.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/composite_lexer.h"
#include "rules/promql/quote.h"

namespace tocsin::rules {
namespace {

using Kind = CompositeToken::Kind;
using OnLabels = std::optional<std::vector<std::string>>;

template <typename T>
bool Compare(CompareOp op, T a, T b) {
  switch (op) {
    case CompareOp::kGreater:
      return a > b;
    case CompareOp::kGreaterEqual:
      return a >= b;
    case CompareOp::kLess:
      return a < b;
    case CompareOp::kLessEqual:
      return a <= b;
    case CompareOp::kEqual:
      return a == b;
    case CompareOp::kNotEqual:
      return a != b;
  }
  return false;
}

CompareOp Negated(CompareOp op) {
  switch (op) {
    case CompareOp::kGreater:
      return CompareOp::kLessEqual;
    case CompareOp::kGreaterEqual:
      return CompareOp::kLess;
    case CompareOp::kLess:
      return CompareOp::kGreaterEqual;
    case CompareOp::kLessEqual:
      return CompareOp::kGreater;
    case CompareOp::kEqual:
      return CompareOp::kNotEqual;
    case CompareOp::kNotEqual:
      return CompareOp::kEqual;
  }
  return op;
}

CompareOp OpOf(absl::string_view text) {
  if (text == ">") return CompareOp::kGreater;
  if (text == ">=") return CompareOp::kGreaterEqual;
  if (text == "<") return CompareOp::kLess;
  if (text == "<=") return CompareOp::kLessEqual;
  return text == "==" ? CompareOp::kEqual : CompareOp::kNotEqual;
}

bool IsReserved(absl::string_view word) {
  return word == "and" || word == "or" || word == "not" || word == "on";
}

// Of an `on` inside another's right side only labels that both name are left.
OnLabels Both(const OnLabels& outer, OnLabels inner) {
  if (!outer) return inner;
  if (!inner) return outer;
  std::erase_if(*inner, [&](const std::string& name) {
    return std::find(outer->begin(), outer->end(), name) == outer->end();
  });
  return inner;
}

// Where an expression stands: what is to be done to its tests.
struct Place {
  bool negated = false;
  OnLabels on;
  size_t depth = 0;
};

// By recursive descent. After an error everything returns at once, whatever it has.
class Parser {
 public:
  Parser(absl::string_view text, std::vector<CompositeToken> tokens) : tokens_(std::move(tokens)) {
    result_.composite = std::make_shared<Composite>();
    result_.composite->text = std::string(text);
  }

  ParsedComposite Run() {
    result_.composite->root = Chain("or", {});
    if (!result_.error && Now().kind != Kind::kEnd) {
      Fail(Now(), absl::StrCat("unexpected ", Shown(Now())),
           Now().kind == Kind::kWord || Now().kind == Kind::kQuoted
               ? "names are joined with `and` or `or`"
               : "");
    }
    if (result_.error) result_.composite = nullptr;
    return std::move(result_);
  }

 private:
  const CompositeToken& Now() const { return tokens_[at_]; }
  bool AtWord(absl::string_view word) const {
    return Now().kind == Kind::kWord && Now().text == word;
  }
  bool Take(absl::string_view word) {
    if (!AtWord(word)) return false;
    ++at_;
    return true;
  }
  static std::string Shown(const CompositeToken& token) {
    return token.kind == Kind::kEnd ? "end of the expression" : promql::Quote(token.text);
  }
  void Fail(const CompositeToken& at, std::string message, std::string hint = "") {
    if (!result_.error) {
      result_.error = CompositeError{at.offset, std::move(message), std::move(hint)};
    }
  }

  // Operands joined by `word`: "or", or below it "and".
  CompositeNode Chain(absl::string_view word, const Place& place) {
    CompositeNode chain;
    const bool is_or = word == "or";
    chain.kind = is_or == place.negated ? CompositeNode::Kind::kAnd : CompositeNode::Kind::kOr;
    Place here = place;
    do {
      chain.children.push_back(is_or ? Chain("and", here) : Operand(here));
      if (result_.error || !AtWord(word)) break;
      ++at_;
      here = place;
      if (Take("on")) here.on = Both(place.on, Labels());
    } while (!result_.error);
    if (chain.children.size() > 1) return chain;
    CompositeNode only = std::move(chain.children.front());
    return only;
  }

  std::vector<std::string> Labels() {
    std::vector<std::string> names;
    Expect(Kind::kLeftParen, "( behind on");
    while (!result_.error && Now().kind != Kind::kRightParen) {
      if (Now().kind != Kind::kWord && Now().kind != Kind::kQuoted) {
        Fail(Now(), absl::StrCat("a label's name is missing before ", Shown(Now())));
        break;
      }
      names.push_back(Now().text);
      ++at_;
      if (Now().kind != Kind::kComma) break;
      ++at_;
    }
    Expect(Kind::kRightParen, ") behind the labels");
    return names;
  }

  void Expect(Kind kind, absl::string_view what) {
    if (Now().kind == kind) {
      if (!result_.error) ++at_;
      return;
    }
    Fail(Now(), absl::StrCat("expected ", what, ", got ", Shown(Now())));
  }

  CompositeNode Operand(Place place) {
    if (++place.depth > kCompositeDepthMax) {
      Fail(Now(), absl::StrCat("more than ", kCompositeDepthMax, " levels of nesting"));
      return {};
    }
    if (Take("not")) {
      place.negated = !place.negated;
      return Operand(place);
    }
    if (Now().kind == Kind::kLeftParen) {
      ++at_;
      CompositeNode inner = Chain("or", place);
      Expect(Kind::kRightParen, ")");
      return inner;
    }
    return Test(place);
  }

  CompositeNode Test(const Place& place) {
    const bool named =
        Now().kind == Kind::kQuoted || (Now().kind == Kind::kWord && !IsReserved(Now().text));
    if (!named) {
      Fail(Now(), absl::StrCat("a monitor's name is missing before ", Shown(Now())),
           Now().kind == Kind::kWord ? "a name that is a word of the language stands in quotes"
                                     : "");
      return {};
    }
    if (++tests_ > kCompositeTestsMax) {
      Fail(Now(), absl::StrCat("more than ", kCompositeTestsMax, " tests of members"));
      return {};
    }
    CompositeNode node;
    node.member = MemberOf(Now());
    node.on = place.on;
    ++at_;
    if (Now().kind == Kind::kOperator) Comparison(node.test);
    if (place.negated) node.test.op = Negated(node.test.op);
    return node;
  }

  size_t MemberOf(const CompositeToken& token) {
    auto& members = result_.composite->members;
    const auto known = std::find_if(members.begin(), members.end(),
                                    [&](const auto& member) { return member.name == token.text; });
    if (known != members.end()) return static_cast<size_t>(known - members.begin());
    members.push_back({token.text, token.offset, {}});
    return members.size() - 1;
  }

  void Comparison(MemberTest& test) {
    const CompositeToken& op = Now();
    test.op = OpOf(op.text);
    ++at_;
    static const std::vector<std::string> kLevels = {"ok", "warning", "critical", "no_data"};
    const auto level = std::find(kLevels.begin(), kLevels.end(), Now().text);
    if (Now().kind != Kind::kWord || level == kLevels.end()) {
      const std::string meant = ClosestWord(Now().text, kLevels);
      return Fail(Now(),
                  absl::StrCat("expected ok, warning, critical or no_data behind ", op.text,
                               ", got ", Shown(Now())),
                  meant.empty() ? "" : absl::StrCat("did you mean ", meant, "?"));
    }
    test.no_data = *level == "no_data";
    if (!test.no_data) test.level = static_cast<Level>(level - kLevels.begin());
    const bool equality = test.op == CompareOp::kEqual || test.op == CompareOp::kNotEqual;
    if (test.no_data && !equality) {
      return Fail(op, "no_data is no better or worse than a level: compare it with == or !=");
    }
    if (!test.no_data) CheckVaries(op, test);
    ++at_;
  }

  // A test that says the same of every level is a mistake.
  void CheckVaries(const CompositeToken& op, const MemberTest& test) {
    const bool best = test.Holds(Level::kOk, false);
    const bool middle = test.Holds(Level::kWarning, false);
    const bool worst = test.Holds(Level::kCritical, false);
    if (best != middle || middle != worst) return;
    Fail(op,
         absl::StrCat(best ? "every" : "no", " level is ", op.text, " ", LevelName(test.level)));
  }

  const std::vector<CompositeToken> tokens_;
  size_t at_ = 0;
  size_t tests_ = 0;
  ParsedComposite result_;
};

}  // namespace

bool MemberTest::Holds(Level member, bool member_no_data) const {
  return no_data ? Compare(op, member_no_data, true) : Compare(op, member, level);
}

ParsedComposite ParseComposite(absl::string_view text) {
  if (text.size() > kCompositeBytesMax) {
    return {nullptr,
            CompositeError{0, absl::StrCat("longer than ", kCompositeBytesMax, " bytes"), ""}};
  }
  CompositeTokens lexed = LexComposite(text);
  if (lexed.error) return {nullptr, std::move(lexed.error)};
  return Parser(text, std::move(lexed.tokens)).Run();
}

}  // namespace tocsin::rules
