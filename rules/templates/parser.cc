#include "rules/templates/parser.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "rules/templates/error.h"
#include "rules/templates/lexer.h"
#include "rules/templates/literal.h"

namespace tocsin::templates {
namespace {

constexpr size_t kDepthMax = 64;

// How a list of nodes ended.
enum class ListEnd { kText, kEnd, kElse };

class Parser {
 public:
  Parser(absl::string_view text, std::vector<Token> tokens)
      : text_(text),
        tokens_(std::move(tokens)),
        variables_{"", "labels", "externalLabels", "externalURL", "value"} {}

  absl::StatusOr<std::vector<Node>> Run() {
    std::vector<Node> nodes;
    TOCSIN_ASSIGN_OR_RETURN(const ListEnd end, ParseList(nodes));
    if (end == ListEnd::kEnd) return Error(keyword_offset_, "unexpected {{end}}");
    if (end == ListEnd::kElse) return Error(keyword_offset_, "unexpected {{else}}");
    return nodes;
  }

 private:
  const Token& Peek() const { return tokens_[at_]; }
  const Token& PeekNonSpace() {
    while (Peek().kind == TokenKind::kSpace) ++at_;
    return Peek();
  }
  Token Next() { return tokens_[at_].kind == TokenKind::kEnd ? tokens_[at_] : tokens_[at_++]; }
  absl::Status Error(size_t offset, absl::string_view message) const {
    return ErrorAt(text_, offset, message);
  }
  absl::Status Unexpected(const Token& token, absl::string_view where) const {
    const std::string what = token.kind == TokenKind::kClose  ? "}}"
                             : token.kind == TokenKind::kEnd  ? "end of text"
                             : token.kind == TokenKind::kOpen ? "{{"
                                                              : token.text;
    return Error(token.offset, absl::StrCat("unexpected \"", what, "\" in ", where));
  }
  bool AtWord(absl::string_view word) {
    return PeekNonSpace().kind == TokenKind::kIdentifier && Peek().text == word;
  }

  // Nodes up to {{end}}, {{else}} or the end of the text. After {{else}} the parser stands behind
  // the word.
  absl::StatusOr<ListEnd> ParseList(std::vector<Node>& nodes) {
    while (true) {
      const Token token = Next();
      if (token.kind == TokenKind::kEnd) return ListEnd::kText;
      if (token.kind == TokenKind::kText) {
        Node node;
        node.text = token.text;
        node.offset = token.offset;
        nodes.push_back(std::move(node));
        continue;
      }
      keyword_offset_ = token.offset;
      if (AtWord("end")) {
        Next();
        TOCSIN_RETURN_IF_ERROR(ExpectClose("end"));
        return ListEnd::kEnd;
      }
      if (AtWord("else")) {
        Next();
        return ListEnd::kElse;
      }
      TOCSIN_ASSIGN_OR_RETURN(Node node, ParseAction(token.offset));
      nodes.push_back(std::move(node));
    }
  }

  absl::StatusOr<Node> ParseAction(size_t offset) {
    const Token& word = PeekNonSpace();
    if (word.kind == TokenKind::kIdentifier) {
      if (word.text == "if") return ParseControl(Node::Kind::kIf, offset);
      if (word.text == "range") return ParseControl(Node::Kind::kRange, offset);
      if (word.text == "with") return ParseControl(Node::Kind::kWith, offset);
      if (word.text == "break") return ParseJump(Node::Kind::kBreak);
      if (word.text == "continue") return ParseJump(Node::Kind::kContinue);
      if (word.text == "define" || word.text == "template" || word.text == "block") {
        return Error(word.offset, absl::StrCat("not supported yet: {{", word.text, "}}"));
      }
    }
    Node node;
    node.kind = Node::Kind::kAction;
    node.offset = offset;
    TOCSIN_ASSIGN_OR_RETURN(node.pipeline, ParsePipeline("command", TokenKind::kClose));
    return node;
  }

  absl::StatusOr<Node> ParseJump(Node::Kind kind) {
    const Token word = Next();
    if (range_depth_ == 0) {
      return Error(word.offset, absl::StrCat("{{", word.text, "}} outside {{range}}"));
    }
    Node node;
    node.kind = kind;
    node.offset = word.offset;
    TOCSIN_RETURN_IF_ERROR(ExpectClose(word.text));
    return node;
  }

  absl::Status ExpectClose(absl::string_view where) {
    const Token& token = PeekNonSpace();
    if (token.kind != TokenKind::kClose) return Unexpected(token, where);
    Next();
    return absl::OkStatus();
  }

  // The parser stands at the word.
  absl::StatusOr<Node> ParseControl(Node::Kind kind, size_t offset) {
    if (++depth_ > kDepthMax) return Error(offset, "nested too deeply");
    const Token word = Next();
    const size_t variables = variables_.size();
    Node node;
    node.kind = kind;
    node.offset = offset;
    TOCSIN_ASSIGN_OR_RETURN(node.pipeline, ParsePipeline(word.text, TokenKind::kClose));
    const bool loops = kind == Node::Kind::kRange;
    range_depth_ += loops ? 1 : 0;
    TOCSIN_ASSIGN_OR_RETURN(const ListEnd end, ParseList(node.body));
    range_depth_ -= loops ? 1 : 0;
    if (end == ListEnd::kElse) {
      TOCSIN_RETURN_IF_ERROR(ParseElse(node));
    } else if (end == ListEnd::kText) {
      return Error(offset, absl::StrCat("{{", word.text, "}} is not closed by {{end}}"));
    }
    variables_.resize(variables);
    --depth_;
    return node;
  }

  // Behind {{else. `else if` is an else with an if in it, whose {{end}} ends both.
  absl::Status ParseElse(Node& node) {
    const size_t offset = keyword_offset_;
    const bool chained = (node.kind == Node::Kind::kIf && AtWord("if")) ||
                         (node.kind == Node::Kind::kWith && AtWord("with"));
    if (chained) {
      TOCSIN_ASSIGN_OR_RETURN(Node inner, ParseControl(node.kind, offset));
      node.else_body.push_back(std::move(inner));
      return absl::OkStatus();
    }
    TOCSIN_RETURN_IF_ERROR(ExpectClose("else"));
    TOCSIN_ASSIGN_OR_RETURN(const ListEnd end, ParseList(node.else_body));
    if (end == ListEnd::kElse) return Error(keyword_offset_, "expected {{end}}; found {{else}}");
    if (end == ListEnd::kText) return Error(offset, "{{else}} is not closed by {{end}}");
    return absl::OkStatus();
  }

  absl::StatusOr<Pipeline> ParsePipeline(absl::string_view context, TokenKind end) {
    Pipeline pipeline;
    pipeline.offset = PeekNonSpace().offset;
    TOCSIN_RETURN_IF_ERROR(ParseDeclaration(pipeline, context == "range"));
    while (true) {
      TOCSIN_ASSIGN_OR_RETURN(Command command, ParseCommand(context, end));
      pipeline.commands.push_back(std::move(command));
      const Token token = Next();
      if (token.kind == end) break;
      if (token.kind != TokenKind::kPipe) return Unexpected(token, context);
    }
    TOCSIN_RETURN_IF_ERROR(CheckPipeline(pipeline));
    for (const std::string& variable : pipeline.variables) {
      if (!pipeline.assigns) variables_.push_back(variable);
    }
    return pipeline;
  }

  // `$x :=`, `$x =`, `$i, $x :=`; leaves the parser where it was if there is none.
  absl::Status ParseDeclaration(Pipeline& pipeline, bool in_range) {
    const size_t start = at_;
    std::vector<std::string> names;
    while (PeekNonSpace().kind == TokenKind::kVariable) {
      const Token variable = Next();
      names.push_back(variable.text);
      const Token& sign = PeekNonSpace();
      if (sign.kind == TokenKind::kComma && in_range && names.size() == 1) {
        Next();
        continue;
      }
      if (sign.kind != TokenKind::kDeclare && sign.kind != TokenKind::kAssign) break;
      pipeline.assigns = Next().kind == TokenKind::kAssign;
      for (const std::string& name : names) {
        if (pipeline.assigns && !IsDefined(name)) return UndefinedVariable(variable.offset, name);
      }
      pipeline.variables = std::move(names);
      return absl::OkStatus();
    }
    at_ = start;
    return absl::OkStatus();
  }

  // Only a function can take what the command before gives.
  absl::Status CheckPipeline(const Pipeline& pipeline) const {
    for (size_t i = 1; i < pipeline.commands.size(); ++i) {
      const Operand& first = pipeline.commands[i].operands[0];
      if (first.kind != Operand::Kind::kFunction || !first.fields.empty()) {
        return Error(first.offset,
                     absl::StrCat("non executable command in pipeline stage ", i + 1));
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Command> ParseCommand(absl::string_view context, TokenKind end) {
    Command command;
    while (true) {
      const Token& token = PeekNonSpace();
      if (token.kind == end || token.kind == TokenKind::kPipe) break;
      TOCSIN_ASSIGN_OR_RETURN(Operand operand, ParseOperand(context));
      command.operands.push_back(std::move(operand));
      const TokenKind next = Peek().kind;
      if (next != TokenKind::kSpace && next != end && next != TokenKind::kPipe) {
        return Unexpected(Peek(), "operand");
      }
    }
    if (command.operands.empty()) {
      return Error(Peek().offset, absl::StrCat("missing value for ", context));
    }
    return command;
  }

  absl::StatusOr<Operand> ParseOperand(absl::string_view context) {
    TOCSIN_ASSIGN_OR_RETURN(Operand operand, ParseTerm(context));
    while (Peek().kind == TokenKind::kField) {
      if (operand.kind == Operand::Kind::kLiteral || operand.kind == Operand::Kind::kNil) {
        return Unexpected(Peek(), "operand");
      }
      operand.fields.push_back(Next().text);
    }
    return operand;
  }

  absl::StatusOr<Operand> ParseTerm(absl::string_view context) {
    const Token token = Next();
    Operand operand;
    operand.offset = token.offset;
    switch (token.kind) {
      case TokenKind::kDot:
        return operand;
      case TokenKind::kField:
        operand.fields.push_back(token.text);
        return operand;
      case TokenKind::kVariable:
        operand.kind = Operand::Kind::kVariable;
        operand.variable = token.text;
        if (!IsDefined(token.text)) return UndefinedVariable(token.offset, token.text);
        return operand;
      case TokenKind::kString:
        operand.kind = Operand::Kind::kLiteral;
        operand.literal.data = token.text;
        return operand;
      case TokenKind::kNumber:
      case TokenKind::kChar:
        return ParseNumberOperand(token);
      case TokenKind::kIdentifier:
        return ParseWord(token);
      case TokenKind::kLeftParen:
        return ParseParenthesis(token);
      default:
        return Unexpected(token, context);
    }
  }

  absl::StatusOr<Operand> ParseNumberOperand(const Token& token) {
    const std::optional<Value> value =
        token.kind == TokenKind::kChar ? ParseGoChar(token.text) : ParseGoNumber(token.text);
    if (!value)
      return Error(token.offset, absl::StrCat("illegal number syntax: \"", token.text, "\""));
    Operand operand;
    operand.kind = Operand::Kind::kLiteral;
    operand.literal = *value;
    operand.offset = token.offset;
    return operand;
  }

  absl::StatusOr<Operand> ParseWord(const Token& token) {
    Operand operand;
    operand.offset = token.offset;
    if (token.text == "true" || token.text == "false") {
      operand.kind = Operand::Kind::kLiteral;
      operand.literal.data = token.text == "true";
      return operand;
    }
    if (token.text == "nil") {
      operand.kind = Operand::Kind::kNil;
      return operand;
    }
    operand.kind = Operand::Kind::kFunction;
    operand.function = FindFunction(token.text);
    if (operand.function) return operand;
    if (token.text == "call" || token.text == "tmpl") {
      return Error(token.offset, absl::StrCat("not supported yet: function \"", token.text, "\""));
    }
    return Error(token.offset, absl::StrCat("function \"", token.text, "\" not defined"));
  }

  absl::StatusOr<Operand> ParseParenthesis(const Token& token) {
    if (++depth_ > kDepthMax) return Error(token.offset, "nested too deeply");
    TOCSIN_ASSIGN_OR_RETURN(Pipeline pipeline,
                            ParsePipeline("parenthesized pipeline", TokenKind::kRightParen));
    --depth_;
    Operand operand;
    operand.kind = Operand::Kind::kPipeline;
    operand.offset = token.offset;
    operand.pipeline = std::make_unique<Pipeline>(std::move(pipeline));
    return operand;
  }

  bool IsDefined(const std::string& name) const {
    return std::find(variables_.begin(), variables_.end(), name) != variables_.end();
  }
  absl::Status UndefinedVariable(size_t offset, const std::string& name) const {
    return Error(offset, absl::StrCat("undefined variable \"$", name, "\""));
  }

  const absl::string_view text_;
  const std::vector<Token> tokens_;
  size_t at_ = 0;
  std::vector<std::string> variables_;  // in scope
  size_t depth_ = 0;
  size_t range_depth_ = 0;
  size_t keyword_offset_ = 0;  // of the {{ before the last end or else
};

}  // namespace

absl::StatusOr<std::vector<Node>> ParseTemplate(absl::string_view text) {
  TOCSIN_ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(text));
  return Parser(text, std::move(tokens)).Run();
}

}  // namespace tocsin::templates
