#include <re2/re2.h>

#include <set>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "tests/support/naive/evaluator.h"

namespace tocsin::naive {
namespace {

absl::Status AllDifferent(const std::vector<Element>& vector) {
  std::set<Labels> seen;
  for (const Element& element : vector) {
    if (!seen.insert(element.labels).second) return DuplicateLabels();
  }
  return absl::OkStatus();
}

void SetLabel(Element* element, const std::string& name, const std::string& value) {
  element->labels = LabelsBuilder(element->labels).Set(name, value).Build();
  if (name == kMetricName) element->drop_name = false;  // a name given here stays
}

// Groups of one match, by number and by name.
struct Captures {
  std::vector<std::string> groups;  // [0] is the whole match
  std::map<std::string, int> names;
};

std::string Lookup(const Captures& captures, const std::string& name) {
  bool number = !name.empty();
  for (const char c : name) number = number && absl::ascii_isdigit(c);
  if (number) {
    const size_t index = name.size() > 3 ? captures.groups.size() : std::stoul(name);
    return index < captures.groups.size() ? captures.groups[index] : "";
  }
  const auto found = captures.names.find(name);
  return found == captures.names.end() ? "" : captures.groups[static_cast<size_t>(found->second)];
}

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(c) || c == '_';
}

// Go's template of regexp.Expand: $name, ${name}, $$; a name is as long as possible.
std::string Expand(const std::string& pattern, const Captures& captures) {
  std::string out;
  for (size_t i = 0; i < pattern.size();) {
    if (pattern[i] != '$') {
      out += pattern[i++];
      continue;
    }
    if (pattern.compare(i, 2, "$$") == 0) {
      out += '$';
      i += 2;
      continue;
    }
    const bool braced = pattern.compare(i, 2, "${") == 0;
    const size_t begin = i + (braced ? 2 : 1);
    size_t end = begin;
    while (end < pattern.size() && IsNameCharacter(pattern[end])) ++end;
    const bool closed = !braced || (end < pattern.size() && pattern[end] == '}');
    if (end == begin || !closed) {
      out += pattern[i++];  // not a reference: as it stands
      continue;
    }
    out += Lookup(captures, pattern.substr(begin, end - begin));
    i = end + (braced ? 1 : 0);
  }
  return out;
}

absl::StatusOr<Value> LabelReplace(const Call& call) {
  const std::string& target = call.args[1].text;
  const std::string& replacement = call.args[2].text;
  const std::string& source = call.args[3].text;
  RE2::Options options;
  options.set_dot_nl(true);
  options.set_log_errors(false);
  const RE2 regex(call.args[4].text, options);
  if (!regex.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid regular expression in label_replace(): ", call.args[4].text));
  }
  if (target.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid destination label name in label_replace(): ", target));
  }
  std::vector<Element> result = call.args[0].vector;
  for (Element& element : result) {
    const absl::string_view value = element.labels.Get(source);
    std::vector<re2::StringPiece> groups(static_cast<size_t>(regex.NumberOfCapturingGroups()) + 1);
    const bool matched =
        regex.Match(re2::StringPiece(value.data(), value.size()), 0, value.size(), RE2::ANCHOR_BOTH,
                    groups.data(), static_cast<int>(groups.size()));
    if (!matched) continue;
    Captures captures;
    for (const re2::StringPiece& group : groups) {
      captures.groups.emplace_back(group.data() == nullptr ? "" : group.as_string());
    }
    captures.names = regex.NamedCapturingGroups();
    SetLabel(&element, target, Expand(replacement, captures));
  }
  TOCSIN_RETURN_IF_ERROR(AllDifferent(result));
  return VectorValue(std::move(result));
}

absl::StatusOr<Value> LabelJoin(const Call& call) {
  const std::string& target = call.args[1].text;
  const std::string& separator = call.args[2].text;
  if (target.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid destination label name in label_join(): ", target));
  }
  std::vector<Element> result = call.args[0].vector;
  for (Element& element : result) {
    std::vector<std::string> parts;
    for (size_t i = 3; i < call.args.size(); ++i) {
      parts.emplace_back(element.labels.Get(call.args[i].text));
    }
    SetLabel(&element, target, absl::StrJoin(parts, separator));
  }
  TOCSIN_RETURN_IF_ERROR(AllDifferent(result));
  return VectorValue(std::move(result));
}

}  // namespace

absl::StatusOr<Value> LabelFunction(Evaluator&, const Call& call) {
  const std::string name = call.expr.function->name;
  if (name == "label_replace") return LabelReplace(call);
  if (name == "label_join") return LabelJoin(call);
  return absl::UnimplementedError("");
}

}  // namespace tocsin::naive
