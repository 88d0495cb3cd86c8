// label_replace, label_join: values stay, labels are rewritten when rows come.
#include <re2/re2.h>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/query/matcher_set.h"
#include "engine/query/operators.h"

namespace tocsin::engine {
namespace {

// Rows of the input with new labels, which may come to be equal.
class Relabel : public Operator {
 public:
  explicit Relabel(OperatorPtr vector) : Operator({std::move(vector)}) {}
  const Frame& frame() const override { return in(0); }

 protected:
  bool Index() override {
    TakeRowsOf(0);
    FindDuplicates();
    distinct_without_name_ = false;
    return true;
  }
  absl::Status Compute(int64_t) override { return absl::OkStatus(); }
};

// A Go replacement template: $1, $name, ${name}, $$.
class Template {
 public:
  Template(absl::string_view text, const re2::RE2& regex) {
    while (!text.empty()) Next(text, regex);
  }

  std::string Expand(const std::vector<re2::StringPiece>& groups) const {
    std::string out;
    for (const Part& part : parts_) {
      if (part.group < 0) {
        out += part.text;
      } else if (static_cast<size_t>(part.group) < groups.size()) {
        const re2::StringPiece& group = groups[part.group];
        out.append(group.data(), group.size());
      }
    }
    return out;
  }

 private:
  struct Part {
    std::string text;
    int group = -1;  // -1: the text
  };
  static constexpr int kUnknownGroup = 1 << 20;  // expands to nothing

  static bool IsNameChar(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }

  void Literal(absl::string_view text) { parts_.push_back({std::string(text), -1}); }

  void Next(absl::string_view& text, const re2::RE2& regex) {
    const size_t dollar = text.find('$');
    if (dollar != 0) {
      Literal(text.substr(0, dollar));
      text = dollar == absl::string_view::npos ? "" : text.substr(dollar);
      return;
    }
    if (text.size() > 1 && text[1] == '$') {
      Literal("$");
      text.remove_prefix(2);
      return;
    }
    const bool braced = text.size() > 1 && text[1] == '{';
    const size_t begin = braced ? 2 : 1;
    size_t end = begin;
    while (end < text.size() && IsNameChar(text[end])) ++end;
    if (end == begin || (braced && (end >= text.size() || text[end] != '}'))) {
      Literal("$");  // not a reference: the sign stands for itself
      text.remove_prefix(1);
      return;
    }
    parts_.push_back({"", GroupNumber(text.substr(begin, end - begin), regex)});
    text.remove_prefix(end + (braced ? 1 : 0));
  }

  static int GroupNumber(absl::string_view name, const re2::RE2& regex) {
    if (name.find_first_not_of("0123456789") == absl::string_view::npos) {
      return name.size() > 4 ? kUnknownGroup : std::stoi(std::string(name));
    }
    const auto& names = regex.NamedCapturingGroups();
    const auto it = names.find(std::string(name));
    return it == names.end() ? kUnknownGroup : it->second;
  }

  std::vector<Part> parts_;
};

class Replace final : public Relabel {
 public:
  Replace(LabelReplace replace, std::shared_ptr<const re2::RE2> regex, OperatorPtr vector)
      : Relabel(std::move(vector)),
        replace_(std::move(replace)),
        regex_(std::move(regex)),
        template_(replace_.replacement, *regex_) {}

  Labels LabelsOf(size_t row) const override {
    Labels labels = input(0).LabelsOf(row);
    std::vector<re2::StringPiece> groups;
    if (!Match(labels, groups)) return labels;
    return LabelsBuilder(labels).Set(replace_.destination, template_.Expand(groups)).Build();
  }
  bool drops_name(size_t row) const override {
    if (!input(0).drops_name(row)) return false;
    const Labels labels = input(0).LabelsOf(row);
    std::vector<re2::StringPiece> groups;
    return replace_.destination != kMetricName || !Match(labels, groups);
  }

 private:
  // The groups point into `labels`.
  bool Match(const Labels& labels, std::vector<re2::StringPiece>& groups) const {
    const absl::string_view value = labels.Get(replace_.source);
    groups.resize(regex_->NumberOfCapturingGroups() + 1);
    return regex_->Match(re2::StringPiece(value.data(), value.size()), 0, value.size(),
                         re2::RE2::ANCHOR_BOTH, groups.data(), static_cast<int>(groups.size()));
  }

  const LabelReplace replace_;
  const std::shared_ptr<const re2::RE2> regex_;
  const Template template_;
};

class Join final : public Relabel {
 public:
  Join(LabelJoin join, OperatorPtr vector) : Relabel(std::move(vector)), join_(std::move(join)) {}

  Labels LabelsOf(size_t row) const override {
    const Labels labels = input(0).LabelsOf(row);
    std::string joined;
    for (size_t i = 0; i < join_.sources.size(); ++i) {
      absl::StrAppend(&joined, i > 0 ? join_.separator : "", labels.Get(join_.sources[i]));
    }
    return LabelsBuilder(labels).Set(join_.destination, joined).Build();
  }
  bool drops_name(size_t row) const override {
    return join_.destination != kMetricName && input(0).drops_name(row);
  }

 private:
  const LabelJoin join_;
};

}  // namespace

absl::StatusOr<OperatorPtr> MakeLabelReplace(LabelReplace replace, OperatorPtr vector) {
  auto regex = CompileRegex(replace.regex);
  if (!regex.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid regular expression in label_replace(): ", replace.regex));
  }
  if (replace.destination.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid destination label name in label_replace(): ", replace.destination));
  }
  return std::make_shared<Replace>(std::move(replace), *std::move(regex), std::move(vector));
}

absl::StatusOr<OperatorPtr> MakeLabelJoin(LabelJoin join, OperatorPtr vector) {
  for (const std::string& source : join.sources) {
    if (source.empty()) {
      return absl::InvalidArgumentError("invalid source label name in label_join(): ");
    }
  }
  if (join.destination.empty()) {
    return absl::InvalidArgumentError("invalid destination label name in label_join(): ");
  }
  return std::make_shared<Join>(std::move(join), std::move(vector));
}

}  // namespace tocsin::engine
