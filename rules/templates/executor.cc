#include "rules/templates/executor.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "rules/templates/error.h"
#include "rules/templates/go_format.h"

namespace tocsin::templates {
namespace {

constexpr size_t kOutputBytesMax = 64 << 10;
constexpr size_t kStepsMax = 100'000;
constexpr size_t kVariablesMax = 1000;
constexpr size_t kCopiedBytesMax = 16 << 20;  // into arguments and variables

// What a list of nodes ended with.
enum class Flow { kOn, kBreak, kContinue };

struct Variable {
  std::string name;
  Value value;
};

// One element of a range.
struct Element {
  Value key;
  Value value;
};

class Executor {
 public:
  Executor(absl::string_view text, const TemplateData& data) : text_(text), data_(data) {
    const Value dot{&data};
    variables_ = {{"", dot},
                  {"labels", Value{BorrowLabels(data.labels)}},
                  {"externalLabels", Value{BorrowLabels(data.external_labels)}},
                  {"externalURL", Value{data.external_url}},
                  {"value", Value{data.value}}};
  }

  absl::StatusOr<std::string> Run(const std::vector<Node>& nodes) {
    TOCSIN_RETURN_IF_ERROR(RunList(nodes, Value{&data_}).status());
    return std::move(out_);
  }

 private:
  // Errors of functions and fields get the place they happened at.
  absl::Status At(size_t offset, const absl::Status& status) const {
    return absl::Status(
        status.code(),
        ErrorAt(text_, offset, {status.message().data(), status.message().size()}).message());
  }
  absl::Status Error(size_t offset, absl::string_view message) const {
    return ErrorAt(text_, offset, message);
  }
  absl::Status TooMuch(size_t offset, absl::string_view message) const {
    return At(offset, absl::ResourceExhaustedError(message));
  }
  absl::Status CountStep(size_t offset) {
    if (++steps_ > kStepsMax) return TooMuch(offset, "template takes too many steps");
    return absl::OkStatus();
  }
  absl::Status CountCopy(size_t offset, const Value& value) {
    const auto* text = value.As<std::string>();
    if (text != nullptr) copied_bytes_ += text->size();
    if (copied_bytes_ > kCopiedBytesMax) {
      return TooMuch(offset, "template copies more than 16 MiB");
    }
    return absl::OkStatus();
  }
  absl::Status Write(size_t offset, absl::string_view text) {
    if (out_.size() + text.size() > kOutputBytesMax) {
      return TooMuch(offset, "template output is longer than 64 KiB");
    }
    absl::StrAppend(&out_, text);
    return absl::OkStatus();
  }

  absl::StatusOr<Flow> RunList(const std::vector<Node>& nodes, const Value& dot) {
    for (const Node& node : nodes) {
      TOCSIN_ASSIGN_OR_RETURN(const Flow flow, RunNode(node, dot));
      if (flow != Flow::kOn) return flow;
    }
    return Flow::kOn;
  }

  absl::StatusOr<Flow> RunNode(const Node& node, const Value& dot) {
    TOCSIN_RETURN_IF_ERROR(CountStep(node.offset));
    switch (node.kind) {
      case Node::Kind::kText:
        TOCSIN_RETURN_IF_ERROR(Write(node.offset, node.text));
        break;
      case Node::Kind::kAction:
        TOCSIN_RETURN_IF_ERROR(RunAction(node, dot));
        break;
      case Node::Kind::kIf:
      case Node::Kind::kWith:
        return RunCondition(node, dot);
      case Node::Kind::kRange:
        return RunRange(node, dot);
      case Node::Kind::kBreak:
        return Flow::kBreak;
      case Node::Kind::kContinue:
        return Flow::kContinue;
    }
    return Flow::kOn;
  }

  absl::Status RunAction(const Node& node, const Value& dot) {
    TOCSIN_ASSIGN_OR_RETURN(const Value value, Evaluate(node.pipeline, dot));
    TOCSIN_RETURN_IF_ERROR(SetVariables(node.pipeline, value));
    if (!node.pipeline.variables.empty()) return absl::OkStatus();
    return Write(node.offset, PrintValue(value));
  }

  absl::StatusOr<Flow> RunCondition(const Node& node, const Value& dot) {
    const size_t variables = variables_.size();
    TOCSIN_ASSIGN_OR_RETURN(const Value value, Evaluate(node.pipeline, dot));
    TOCSIN_RETURN_IF_ERROR(SetVariables(node.pipeline, value));
    const bool holds = IsTrue(value);
    const Value& inner = node.kind == Node::Kind::kWith && holds ? value : dot;
    TOCSIN_ASSIGN_OR_RETURN(const Flow flow, RunList(holds ? node.body : node.else_body, inner));
    variables_.resize(variables);
    return flow;
  }

  absl::StatusOr<std::vector<Element>> Elements(const Value& value, size_t offset) const {
    std::vector<Element> elements;
    if (const auto* rows = value.As<RowsPtr>()) {
      for (size_t i = 0; i < (*rows)->size(); ++i) {
        elements.push_back({Value{static_cast<int64_t>(i)}, Value{(**rows)[i]}});
      }
    } else if (const auto* items = value.As<EvidenceItems>()) {
      for (size_t i = 0; i < (*items)->size(); ++i) {
        elements.push_back({Value{static_cast<int64_t>(i)}, Value{&(**items)[i]}});
      }
    } else if (const auto* labels = value.As<LabelsPtr>()) {
      for (const LabelView label : **labels) {
        elements.push_back({Value{std::string(label.name)}, Value{std::string(label.value)}});
      }
    } else if (const auto* map = value.As<MapPtr>()) {
      for (const auto& [key, element] : **map) elements.push_back({Value{key}, element});
    } else if (!value.is_nil()) {
      return Error(offset, absl::StrCat("range can't iterate over ", PrintValue(value)));
    }
    return elements;
  }

  absl::StatusOr<Flow> RunRange(const Node& node, const Value& dot) {
    const size_t variables = variables_.size();
    TOCSIN_ASSIGN_OR_RETURN(const Value value, Evaluate(node.pipeline, dot));
    TOCSIN_ASSIGN_OR_RETURN(const std::vector<Element> elements,
                            Elements(value, node.pipeline.offset));
    if (elements.empty()) {
      TOCSIN_ASSIGN_OR_RETURN(const Flow flow, RunList(node.else_body, dot));
      variables_.resize(variables);
      return flow;
    }
    for (const Element& element : elements) {
      TOCSIN_RETURN_IF_ERROR(CountStep(node.offset));
      SetElement(node.pipeline, element);
      TOCSIN_ASSIGN_OR_RETURN(const Flow flow, RunList(node.body, element.value));
      variables_.resize(variables);
      if (flow == Flow::kBreak) break;
    }
    return Flow::kOn;
  }

  // One variable takes the element, two the key and the element.
  void SetElement(const Pipeline& pipeline, const Element& element) {
    const std::vector<std::string>& names = pipeline.variables;
    if (names.size() == 2) SetVariable(names[0], pipeline.assigns, element.key);
    if (!names.empty()) SetVariable(names.back(), pipeline.assigns, element.value);
  }

  absl::Status SetVariables(const Pipeline& pipeline, const Value& value) {
    if (!pipeline.variables.empty()) {
      TOCSIN_RETURN_IF_ERROR(CountCopy(pipeline.offset, value));
      SetVariable(pipeline.variables.front(), pipeline.assigns, value);
    }
    if (variables_.size() > kVariablesMax) return TooMuch(pipeline.offset, "too many variables");
    return absl::OkStatus();
  }

  void SetVariable(const std::string& name, bool assigns, const Value& value) {
    if (!assigns) {
      variables_.push_back({name, value});
    } else if (Value* variable = FindVariable(name)) {
      *variable = value;
    }
  }

  Value* FindVariable(const std::string& name) {
    for (size_t i = variables_.size(); i-- > 0;) {
      if (variables_[i].name == name) return &variables_[i].value;
    }
    return nullptr;
  }

  absl::StatusOr<Value> Evaluate(const Pipeline& pipeline, const Value& dot) {
    Value value;
    for (size_t i = 0; i < pipeline.commands.size(); ++i) {
      TOCSIN_ASSIGN_OR_RETURN(
          value, EvaluateCommand(pipeline.commands[i], dot, i == 0 ? nullptr : &value));
    }
    return value;
  }

  // `piped` is the value of the command before; it becomes the last argument.
  absl::StatusOr<Value> EvaluateCommand(const Command& command, const Value& dot,
                                        const Value* piped) {
    const Operand& first = command.operands[0];
    TOCSIN_RETURN_IF_ERROR(CountStep(first.offset));
    if (first.kind == Operand::Kind::kFunction) return Call(command, dot, piped);
    if (command.operands.size() > 1) {
      return Error(first.offset, "can't give argument to non-function");
    }
    if (first.kind == Operand::Kind::kNil) return Error(first.offset, "nil is not a command");
    return EvaluateOperand(first, dot);
  }

  absl::StatusOr<Value> EvaluateOperand(const Operand& operand, const Value& dot) {
    Value value;
    switch (operand.kind) {
      case Operand::Kind::kDot:
        value = dot;
        break;
      case Operand::Kind::kVariable:
        if (const Value* variable = FindVariable(operand.variable)) value = *variable;
        break;
      case Operand::Kind::kLiteral:
        return operand.literal;
      case Operand::Kind::kNil:
        return Value{};
      case Operand::Kind::kFunction: {
        TOCSIN_ASSIGN_OR_RETURN(value, Invoke(*operand.function, {}, operand.offset));
        break;
      }
      case Operand::Kind::kPipeline: {
        TOCSIN_ASSIGN_OR_RETURN(value, Evaluate(*operand.pipeline, dot));
        TOCSIN_RETURN_IF_ERROR(SetVariables(*operand.pipeline, value));
        break;
      }
    }
    for (const std::string& field : operand.fields) {
      TOCSIN_ASSIGN_OR_RETURN(value, Field(value, field, operand.offset));
    }
    return value;
  }

  absl::StatusOr<Value> Field(const Value& value, const std::string& name, size_t offset) const {
    if (const auto* labels = value.As<LabelsPtr>()) {
      return Value{std::string((*labels)->Get(name))};
    }
    if (const auto* map = value.As<MapPtr>()) {
      const auto found = (*map)->find(name);
      return found == (*map)->end() ? Value{} : found->second;
    }
    if (const auto* row = value.As<RowPtr>()) {
      if (name == "Labels") return Value{LabelsPtr(*row, &(*row)->labels)};
      if (name == "Value") return Value{(*row)->value};
    }
    if (value.As<const TemplateData*>()) {
      if (name == "Labels") return Value{BorrowLabels(data_.labels)};
      if (name == "ExternalLabels") return Value{BorrowLabels(data_.external_labels)};
      if (name == "ExternalURL") return Value{data_.external_url};
      if (name == "Value") return Value{data_.value};
      if (name == "Evidence" && data_.evidence != nullptr) return Value{data_.evidence};
    }
    if (const auto* evidence = value.As<const Evidence*>()) {
      if (name == "Logs") return Value{&(*evidence)->logs};
      if (name == "Traces") return Value{&(*evidence)->traces};
      if (name == "TraceID") return Value{(*evidence)->trace_id};
    }
    if (const auto* item = value.As<const EvidenceItem*>()) {
      if (name == "Time") return Value{GoTime{(*item)->time.millis()}};
      if (name == "Text") return Value{(*item)->text};
      if (name == "TraceID") return Value{(*item)->trace_id};
      if (name == "Value" && (*item)->value) return Value{*(*item)->value};
    }
    if (value.is_nil()) {
      return Error(offset, absl::StrCat("nil data; no entry for key \"", name, "\""));
    }
    return Error(offset, absl::StrCat("can't evaluate field ", name, " in type ", TypeName(value)));
  }

  absl::StatusOr<Value> Call(const Command& command, const Value& dot, const Value* piped) {
    const Operand& first = command.operands[0];
    if (!first.fields.empty()) {
      if (command.operands.size() > 1) {
        return Error(first.offset, "can't give argument to non-function");
      }
      return EvaluateOperand(first, dot);
    }
    const absl::string_view name = first.function->name;
    const bool stops_at_true = name == kOr;
    const bool stops_at_false = name == kAnd;
    std::vector<Value> args;
    for (size_t i = 1; i < command.operands.size(); ++i) {
      TOCSIN_ASSIGN_OR_RETURN(Value arg, EvaluateOperand(command.operands[i], dot));
      TOCSIN_RETURN_IF_ERROR(CountCopy(command.operands[i].offset, arg));
      args.push_back(std::move(arg));
      const bool is_true = IsTrue(args.back());
      if ((stops_at_true && is_true) || (stops_at_false && !is_true)) return args.back();
    }
    if (piped) args.push_back(*piped);
    return Invoke(*first.function, args, first.offset);
  }

  absl::StatusOr<Value> Invoke(const Function& function, const std::vector<Value>& args,
                               size_t offset) const {
    if (args.size() < function.args_min || args.size() > function.args_max) {
      const bool fixed = function.args_min == function.args_max;
      return Error(offset,
                   absl::StrCat("wrong number of args for ", function.name, ": want ",
                                fixed ? "" : "at least ", function.args_min, " got ", args.size()));
    }
    absl::StatusOr<Value> result = function.call(data_, args);
    if (!result.ok()) {
      const absl::Status& status = result.status();
      const std::string message =
          absl::StrCat("error calling ", function.name, ": ", std::string(status.message()));
      return At(offset, absl::Status(status.code(), message));
    }
    const auto* text = result->As<std::string>();
    if (text && text->size() > kOutputBytesMax) {
      return TooMuch(offset, absl::StrCat(function.name, " gives more than 64 KiB"));
    }
    return result;
  }

  const absl::string_view text_;
  const TemplateData& data_;
  std::vector<Variable> variables_;
  std::string out_;
  size_t steps_ = 0;
  size_t copied_bytes_ = 0;
};

}  // namespace

absl::StatusOr<std::string> Execute(const std::vector<Node>& nodes, absl::string_view text,
                                    const TemplateData& data) {
  return Executor(text, data).Run(nodes);
}

}  // namespace tocsin::templates
