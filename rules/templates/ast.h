#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rules/templates/functions.h"
#include "rules/templates/value.h"

// The syntax tree of a template.
namespace tocsin::templates {

struct Pipeline;

// One word of a command: what it starts from, then `.a.b` applied to it.
struct Operand {
  enum class Kind { kDot, kVariable, kLiteral, kNil, kFunction, kPipeline };
  Kind kind = Kind::kDot;
  std::string variable;  // without "$"; "" is `$` itself
  Value literal;
  const Function* function = nullptr;  // static storage
  std::unique_ptr<Pipeline> pipeline;  // in parentheses
  std::vector<std::string> fields;
  size_t offset = 0;
};

struct Command {
  std::vector<Operand> operands;  // the first one may be a function
};

// `$a, $b := command | command`
struct Pipeline {
  std::vector<std::string> variables;
  bool assigns = false;  // `=` instead of `:=`
  std::vector<Command> commands;
  size_t offset = 0;
};

struct Node {
  enum class Kind { kText, kAction, kIf, kRange, kWith, kBreak, kContinue };
  Kind kind = Kind::kText;
  std::string text;
  Pipeline pipeline;
  std::vector<Node> body;
  std::vector<Node> else_body;
  size_t offset = 0;
};

}  // namespace tocsin::templates
