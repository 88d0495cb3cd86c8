#include "rules/templates/template.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "rules/templates/ast.h"
#include "rules/templates/executor.h"
#include "rules/templates/parser.h"

namespace tocsin::templates {
namespace {

constexpr char kQuery[] = "query";
constexpr char kEvidence[] = "Evidence";
constexpr size_t kTextBytesMax = 64 << 10;

class ParsedTemplate : public Template {
 public:
  ParsedTemplate(std::string text, std::vector<Node> nodes)
      : text_(std::move(text)), nodes_(std::move(nodes)), evidence_(ReadEvidence(nodes_)) {}

  absl::StatusOr<std::string> Expand(const TemplateData& data) const override {
    return Execute(nodes_, text_, data);
  }

  std::vector<std::string> Queries() const override {
    std::vector<std::string> queries;
    CollectFromNodes(nodes_, queries);
    return queries;
  }

  bool LooksAtEvidence() const override { return evidence_; }

 private:
  static bool ReadEvidence(const std::vector<Node>& nodes) {
    return std::any_of(nodes.begin(), nodes.end(), [](const Node& node) {
      return ReadsEvidence(node.pipeline) || ReadEvidence(node.body) ||
             ReadEvidence(node.else_body);
    });
  }

  // Whatever the dot is there: it may be the one a template starts with.
  static bool ReadsEvidence(const Pipeline& pipeline) {
    for (const Command& command : pipeline.commands) {
      for (const Operand& operand : command.operands) {
        if (operand.pipeline && ReadsEvidence(*operand.pipeline)) return true;
        const bool labels = operand.variable == "labels" || operand.variable == "externalLabels";
        if (!labels && !operand.fields.empty() && operand.fields[0] == kEvidence) return true;
      }
    }
    return false;
  }

  static void CollectFromNodes(const std::vector<Node>& nodes, std::vector<std::string>& queries) {
    for (const Node& node : nodes) {
      CollectFromPipeline(node.pipeline, queries);
      CollectFromNodes(node.body, queries);
      CollectFromNodes(node.else_body, queries);
    }
  }

  static const std::string* TextLiteral(const Operand& operand) {
    return operand.kind == Operand::Kind::kLiteral ? operand.literal.As<std::string>() : nullptr;
  }

  // Both `query "up"` and `"up" | query`.
  static void CollectFromPipeline(const Pipeline& pipeline, std::vector<std::string>& queries) {
    for (size_t i = 0; i < pipeline.commands.size(); ++i) {
      const std::vector<Operand>& operands = pipeline.commands[i].operands;
      for (const Operand& operand : operands) {
        if (operand.pipeline) CollectFromPipeline(*operand.pipeline, queries);
      }
      const Function* function = operands[0].function;
      if (function == nullptr || absl::string_view(function->name) != kQuery) continue;
      const Operand* argument = nullptr;
      if (operands.size() == 2) argument = &operands[1];
      if (operands.size() == 1 && i > 0 && pipeline.commands[i - 1].operands.size() == 1) {
        argument = &pipeline.commands[i - 1].operands[0];
      }
      const std::string* text = argument ? TextLiteral(*argument) : nullptr;
      if (text) queries.push_back(*text);
    }
  }

  const std::string text_;
  const std::vector<Node> nodes_;
  const bool evidence_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<const Template>> Template::Parse(absl::string_view text) {
  if (text.size() > kTextBytesMax) {
    return absl::InvalidArgumentError("1:1: template is longer than 64 KiB");
  }
  TOCSIN_ASSIGN_OR_RETURN(std::vector<Node> nodes, ParseTemplate(text));
  return std::shared_ptr<const Template>(
      std::make_shared<const ParsedTemplate>(std::string(text), std::move(nodes)));
}

std::string ExpandOrError(const Template& t, const TemplateData& data) {
  absl::StatusOr<std::string> expanded = t.Expand(data);
  if (expanded.ok()) return *std::move(expanded);
  return absl::StrCat("<error expanding template: ", std::string(expanded.status().message()), ">");
}

}  // namespace tocsin::templates
