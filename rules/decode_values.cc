#include "rules/decode_values.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "rules/promql/duration.h"

namespace tocsin::rules {
namespace {

const char* KindName(TextKind kind) {
  return kind == TextKind::kLabel ? "label" : "annotation";
}

void ReportParseError(DecodeContext& context, const YamlNode& node, const char* code,
                      const std::string& prefix, const promql::ParseError& error) {
  context.ErrorInside(node, error.span.begin, code, prefix + error.message, error.hint);
}

// A template's "line:column: message" (columns count code points), as byte offset in `text` and
// bare message.
struct TemplateError {
  size_t offset = 0;
  std::string message;
};

size_t OffsetOfLineColumn(absl::string_view text, size_t line, size_t column) {
  size_t offset = 0;
  for (; line > 1; --line) {
    const size_t end = text.find('\n', offset);
    if (end == absl::string_view::npos) return text.size();
    offset = end + 1;
  }
  for (; column > 1 && offset < text.size(); --column) {
    do ++offset;
    while (offset < text.size() && (static_cast<unsigned char>(text[offset]) & 0xc0) == 0x80);
  }
  return offset;
}

TemplateError SplitTemplateError(absl::string_view text, absl::string_view message) {
  const size_t first = message.find(':');
  const size_t second = first == absl::string_view::npos ? first : message.find(':', first + 1);
  size_t line = 0;
  size_t column = 0;
  if (second == absl::string_view::npos || !absl::SimpleAtoi(message.substr(0, first), &line) ||
      !absl::SimpleAtoi(message.substr(first + 1, second - first - 1), &column)) {
    return {0, std::string(message)};
  }
  absl::string_view rest = message.substr(second + 1);
  absl::ConsumePrefix(&rest, " ");
  return {OffsetOfLineColumn(text, line, column), std::string(rest)};
}

// Whether the text writes the sample's value out, other than to choose between fixed texts.
bool WritesValue(absl::string_view text) {
  size_t at = 0;
  while ((at = text.find("{{", at)) != absl::string_view::npos) {
    const size_t end = std::min(text.find("}}", at), text.size());
    absl::string_view action = text.substr(at + 2, end - at - 2);
    while (absl::ConsumePrefix(&action, "-") || absl::ConsumePrefix(&action, " ")) {
    }
    const bool chooses = absl::StartsWith(action, "if ") || absl::StartsWith(action, "else");
    if (!chooses && (absl::StrContains(action, "$value") || absl::StrContains(action, ".Value"))) {
      return true;
    }
    at = end;
  }
  return false;
}

}  // namespace

std::optional<std::string> ReadString(DecodeContext& context, const YamlNode& node,
                                      absl::string_view what) {
  if (node.kind == YamlNode::Kind::kNull) return std::string();
  if (node.kind == YamlNode::Kind::kScalar) return node.value;
  context.Error(node, code::kWrongType, absl::StrCat(what, " must be a text"));
  return std::nullopt;
}

std::optional<absl::Duration> ReadDuration(DecodeContext& context, const YamlNode& node,
                                           absl::string_view what) {
  const std::optional<std::string> text = ReadString(context, node, what);
  if (!text) return std::nullopt;
  const absl::StatusOr<absl::Duration> duration = promql::ParseDuration(*text);
  if (duration.ok()) return *duration;
  context.Error(node, code::kBadValue,
                absl::StrCat(what, ": ", std::string(duration.status().message())),
                "write for example 30s, 5m or 1h30m");
  return std::nullopt;
}

std::optional<bool> ReadBool(DecodeContext& context, const YamlNode& node, absl::string_view what) {
  if (node.kind == YamlNode::Kind::kScalar) {
    for (const char* word : {"true", "yes", "on"}) {
      if (absl::EqualsIgnoreCase(node.value, word)) return true;
    }
    for (const char* word : {"false", "no", "off"}) {
      if (absl::EqualsIgnoreCase(node.value, word)) return false;
    }
  }
  context.Error(node, code::kWrongType, absl::StrCat(what, " must be true or false"));
  return std::nullopt;
}

std::optional<int64_t> ReadInteger(DecodeContext& context, const YamlNode& node,
                                   absl::string_view what) {
  int64_t value = 0;
  if (node.kind == YamlNode::Kind::kScalar && absl::SimpleAtoi(node.value, &value)) return value;
  context.Error(node, code::kWrongType, absl::StrCat(what, " must be a whole number"));
  return std::nullopt;
}

std::optional<Query> ReadQuery(DecodeContext& context, const YamlNode& node,
                               absl::string_view what) {
  const std::optional<std::string> text = ReadString(context, node, what);
  if (!text) return std::nullopt;
  promql::ParseResult parsed = promql::ParseExpr(*text, context.options().parse);
  if (parsed.error) {
    ReportParseError(context, node, code::kPromql, "could not parse expression: ", *parsed.error);
    return std::nullopt;
  }
  const promql::Expr& expr = *parsed.expr;
  if (expr.type != promql::ValueType::kScalar && expr.type != promql::ValueType::kVector) {
    context.ErrorInside(
        node, expr.span.begin, code::kPromql,
        absl::StrCat(what, " gives a ", std::string(promql::ValueTypeName(expr.type)),
                     ", but a rule needs a scalar or an instant vector"),
        expr.type == promql::ValueType::kMatrix
            ? "wrap it in a function such as rate() or max_over_time()"
            : "");
    return std::nullopt;
  }
  if (context.options().unsupported) {
    if (const auto refused = context.options().unsupported(expr)) {
      ReportParseError(context, node, code::kUnsupported, "not supported yet: ", *refused);
      return std::nullopt;
    }
  }
  return Query{*text, std::move(parsed.expr), context.document().PositionInside(node, 0),
               parsed.size};
}

std::vector<NamedText> ReadTexts(DecodeContext& context, const YamlNode* map, TextKind kind) {
  std::vector<NamedText> texts;
  if (map == nullptr) return texts;
  if (map->kind != YamlNode::Kind::kMap) {
    context.Error(*map, code::kWrongType, absl::StrCat(KindName(kind), "s must be a map"));
    return texts;
  }
  for (const YamlEntry& entry : map->entries) {
    const std::string& name = entry.key->value;
    if (name.empty() || (kind == TextKind::kLabel && name == kMetricName)) {
      context.Error(*entry.key, code::kBadValue,
                    absl::StrCat("invalid ", KindName(kind), " name: \"", name, "\""));
      continue;
    }
    const auto text =
        ReadString(context, *entry.value, absl::StrCat(KindName(kind), " \"", name, "\""));
    if (text) texts.push_back({name, *text, entry.value.get()});
  }
  std::sort(texts.begin(), texts.end(),
            [](const NamedText& a, const NamedText& b) { return a.name < b.name; });
  return texts;
}

// The constant queries of a template run as the rule's own do, and are checked like them.
bool CheckTemplateQueries(DecodeContext& context, const NamedText& entry, TextKind kind,
                          const templates::Template& compiled) {
  bool fine = true;
  for (const std::string& text : compiled.Queries()) {
    const promql::ParseResult parsed = promql::ParseExpr(text, context.options().parse);
    std::optional<promql::ParseError> error = parsed.error;
    const char* problem_code = code::kPromql;
    if (!error && context.options().unsupported) {
      error = context.options().unsupported(*parsed.expr);
      problem_code = code::kUnsupported;
    }
    if (!error) continue;
    fine = false;
    const size_t at = entry.text.find(text);
    context.ErrorInside(*entry.value, at == std::string::npos ? 0 : at + error->span.begin,
                        problem_code,
                        absl::StrCat("query in the template of ", KindName(kind), " \"", entry.name,
                                     "\": ", error->message));
  }
  return fine;
}

TemplatedMap CompileTexts(DecodeContext& context, const std::vector<NamedText>& texts,
                          TextKind kind) {
  TemplatedMap compiled;
  for (const NamedText& entry : texts) {
    auto parsed = templates::Template::Parse(entry.text);
    if (!parsed.ok()) {
      const TemplateError error =
          SplitTemplateError(entry.text, std::string(parsed.status().message()));
      context.ErrorInside(
          *entry.value, error.offset, code::kTemplate,
          absl::StrCat("template of ", KindName(kind), " \"", entry.name, "\": ", error.message));
      continue;
    }
    if (kind == TextKind::kLabel && WritesValue(entry.text)) {
      context.Lint(*entry.value, Severity::kWarning, code::kValueInLabel,
                   absl::StrCat("label \"", entry.name,
                                "\" contains the value, so each change of it starts a new alert"),
                   "put the value into an annotation");
    }
    if (kind == TextKind::kLabel && (*parsed)->LooksAtEvidence()) {
      const size_t at = entry.text.find(".Evidence");
      context.ErrorInside(
          *entry.value, at == std::string::npos ? 0 : at, code::kTemplate,
          absl::StrCat("template of label \"", entry.name, "\": labels cannot quote evidence"),
          "annotations can, and templates of receivers");
      continue;
    }
    if (!CheckTemplateQueries(context, entry, kind, **parsed)) continue;
    compiled.push_back({entry.name, {entry.text, *std::move(parsed)}});
  }
  return compiled;
}

void ReportPageTemplate(DecodeContext& context, const YamlNode& node, absl::string_view what,
                        const PageTemplateFault& fault) {
  const TemplateError error = SplitTemplateError(node.value, fault.message);
  if (fault.certain) {
    return context.ErrorInside(node, error.offset, code::kTemplate,
                               absl::StrCat("template of ", what, ": ", error.message), fault.hint);
  }
  context.Lint(node, Severity::kWarning, code::kTemplate,
               absl::StrCat("template of ", what, " fails without labels: ", error.message),
               fault.hint);
}

}  // namespace tocsin::rules
