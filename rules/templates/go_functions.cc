#include <algorithm>
#include <compare>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "rules/templates/escape.h"
#include "rules/templates/functions.h"
#include "rules/templates/go_format.h"

// The functions that Go's text/template itself brings.
namespace tocsin::templates {
namespace {

using Args = std::vector<Value>;
using Result = absl::StatusOr<Value>;

absl::Status Incompatible() {
  return absl::InvalidArgumentError("incompatible types for comparison");
}

bool IsComparable(const Value& value) {
  return value.As<bool>() || value.As<int64_t>() || value.As<double>() || value.As<std::string>() ||
         value.As<GoDuration>();
}

// Durations are integers to Go.
Value Simplify(const Value& value) {
  if (const auto* duration = value.As<GoDuration>()) return Value{duration->ns};
  return value;
}

absl::StatusOr<bool> Equal(const Value& left, const Value& right) {
  if (left.is_nil() || right.is_nil()) return left.is_nil() && right.is_nil();
  if (!IsComparable(left) || !IsComparable(right)) {
    return absl::InvalidArgumentError(
        absl::StrCat("non-comparable type ", TypeName(IsComparable(left) ? right : left)));
  }
  const Value a = Simplify(left);
  const Value b = Simplify(right);
  if (a.data.index() != b.data.index()) return Incompatible();
  if (const auto* x = a.As<bool>()) return *x == *b.As<bool>();
  if (const auto* x = a.As<int64_t>()) return *x == *b.As<int64_t>();
  if (const auto* x = a.As<double>()) return *x == *b.As<double>();
  return *a.As<std::string>() == *b.As<std::string>();
}

absl::StatusOr<bool> Less(const Value& left, const Value& right) {
  if (!IsComparable(left) || !IsComparable(right) || left.As<bool>() || right.As<bool>()) {
    return absl::InvalidArgumentError("invalid type for comparison");
  }
  const Value a = Simplify(left);
  const Value b = Simplify(right);
  if (a.data.index() != b.data.index()) return Incompatible();
  if (const auto* x = a.As<int64_t>()) return *x < *b.As<int64_t>();
  if (const auto* x = a.As<double>()) return *x < *b.As<double>();
  return *a.As<std::string>() < *b.As<std::string>();
}

Result Eq(const TemplateData&, const Args& args) {
  for (size_t i = 1; i < args.size(); ++i) {
    TOCSIN_ASSIGN_OR_RETURN(const bool equal, Equal(args[0], args[i]));
    if (equal) return Value{true};
  }
  return Value{false};
}
Result Ne(const TemplateData&, const Args& args) {
  TOCSIN_ASSIGN_OR_RETURN(const bool equal, Equal(args[0], args[1]));
  return Value{!equal};
}
Result Lt(const TemplateData&, const Args& args) {
  TOCSIN_ASSIGN_OR_RETURN(const bool less, Less(args[0], args[1]));
  return Value{less};
}
// Go has no own order for le, gt and ge either: NaN makes `ge` true, as `lt` is false.
Result Le(const TemplateData&, const Args& args) {
  TOCSIN_ASSIGN_OR_RETURN(const bool less, Less(args[0], args[1]));
  if (less) return Value{true};
  TOCSIN_ASSIGN_OR_RETURN(const bool equal, Equal(args[0], args[1]));
  return Value{equal};
}
Result Gt(const TemplateData& data, const Args& args) {
  TOCSIN_ASSIGN_OR_RETURN(const Value less_or_equal, Le(data, args));
  return Value{!*less_or_equal.As<bool>()};
}
Result Ge(const TemplateData& data, const Args& args) {
  TOCSIN_ASSIGN_OR_RETURN(const Value less, Lt(data, args));
  return Value{!*less.As<bool>()};
}

Result Not(const TemplateData&, const Args& args) {
  return Value{!IsTrue(args[0])};
}

// Only reached with all arguments evaluated: the last one decides.
Result LastArgument(const TemplateData&, const Args& args) {
  return args.back();
}

Result Len(const TemplateData&, const Args& args) {
  const auto count = [](size_t n) { return Value{static_cast<int64_t>(n)}; };
  if (const auto* text = args[0].As<std::string>()) return count(text->size());
  if (const auto* labels = args[0].As<LabelsPtr>()) return count((*labels)->size());
  if (const auto* rows = args[0].As<RowsPtr>()) return count((*rows)->size());
  if (const auto* map = args[0].As<MapPtr>()) return count((*map)->size());
  if (const auto* items = args[0].As<EvidenceItems>()) return count((*items)->size());
  return absl::InvalidArgumentError(absl::StrCat("len of type ", TypeName(args[0])));
}

absl::StatusOr<size_t> Position(const Value& value, size_t size, bool end_allowed) {
  const auto* index = value.As<int64_t>();
  if (index == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot index slice/array with type ", TypeName(value)));
  }
  if (*index < 0 || static_cast<size_t>(*index) > size ||
      (!end_allowed && static_cast<size_t>(*index) == size)) {
    return absl::InvalidArgumentError(absl::StrCat("index out of range: ", *index));
  }
  return static_cast<size_t>(*index);
}

Result IndexOnce(const Value& item, const Value& key) {
  if (const auto* labels = item.As<LabelsPtr>()) {
    TOCSIN_ASSIGN_OR_RETURN(const std::string name, TextArgument(key));
    return Value{std::string((*labels)->Get(name))};
  }
  if (const auto* map = item.As<MapPtr>()) {
    TOCSIN_ASSIGN_OR_RETURN(const std::string name, TextArgument(key));
    const auto found = (*map)->find(name);
    return found == (*map)->end() ? Value{} : found->second;
  }
  if (const auto* rows = item.As<RowsPtr>()) {
    TOCSIN_ASSIGN_OR_RETURN(const size_t at, Position(key, (*rows)->size(), false));
    return Value{(**rows)[at]};
  }
  if (const auto* items = item.As<EvidenceItems>()) {
    TOCSIN_ASSIGN_OR_RETURN(const size_t at, Position(key, (*items)->size(), false));
    return Value{&(**items)[at]};
  }
  if (const auto* text = item.As<std::string>()) {
    TOCSIN_ASSIGN_OR_RETURN(const size_t at, Position(key, text->size(), false));
    return Value{int64_t{static_cast<unsigned char>((*text)[at])}};
  }
  return absl::InvalidArgumentError(absl::StrCat("can't index item of type ", TypeName(item)));
}

Result Index(const TemplateData&, const Args& args) {
  Value item = args[0];
  for (size_t i = 1; i < args.size(); ++i) {
    TOCSIN_ASSIGN_OR_RETURN(item, IndexOnce(item, args[i]));
  }
  return item;
}

Result Slice(const TemplateData&, const Args& args) {
  const auto* text = args[0].As<std::string>();
  const auto* rows = args[0].As<RowsPtr>();
  if (text == nullptr && rows == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("can't slice item of type ", TypeName(args[0])));
  }
  const size_t size = text ? text->size() : (*rows)->size();
  size_t begin = 0;
  size_t end = size;
  if (args.size() > 1) {
    TOCSIN_ASSIGN_OR_RETURN(begin, Position(args[1], size, true));
  }
  if (args.size() > 2) {
    TOCSIN_ASSIGN_OR_RETURN(end, Position(args[2], size, true));
  }
  if (begin > end) {
    return absl::InvalidArgumentError(absl::StrCat("invalid slice index: ", begin, " > ", end));
  }
  if (text) return Value{text->substr(begin, end - begin)};
  const auto first = (*rows)->begin();
  return Value{RowsPtr(std::make_shared<const std::vector<RowPtr>>(
      first + static_cast<long>(begin), first + static_cast<long>(end)))};
}

Result Print(const TemplateData&, const Args& args) {
  return Value{Sprint(args)};
}
Result Println(const TemplateData&, const Args& args) {
  return Value{Sprintln(args)};
}
Result Printf(const TemplateData&, const Args& args) {
  TOCSIN_ASSIGN_OR_RETURN(const std::string format, TextArgument(args[0]));
  return Value{Sprintf(format, args, 1)};
}
Result Html(const TemplateData&, const Args& args) {
  return Value{EscapeHtml(Sprint(args))};
}
Result Js(const TemplateData&, const Args& args) {
  return Value{EscapeJs(Sprint(args))};
}
Result UrlQuery(const TemplateData&, const Args& args) {
  return Value{EscapeQuery(Sprint(args))};
}

}  // namespace

const std::vector<Function>& GoFunctions() {
  static const auto& functions = *new std::vector<Function>{
      {kAnd, 1, kAnyNumber, LastArgument},
      {kOr, 1, kAnyNumber, LastArgument},
      {"not", 1, 1, Not},
      {"eq", 2, kAnyNumber, Eq},
      {"ne", 2, 2, Ne},
      {"lt", 2, 2, Lt},
      {"le", 2, 2, Le},
      {"gt", 2, 2, Gt},
      {"ge", 2, 2, Ge},
      {"len", 1, 1, Len},
      {"index", 1, kAnyNumber, Index},
      {"slice", 1, 3, Slice},
      {"print", 0, kAnyNumber, Print},
      {"printf", 1, kAnyNumber, Printf},
      {"println", 0, kAnyNumber, Println},
      {"html", 0, kAnyNumber, Html},
      {"js", 0, kAnyNumber, Js},
      {"urlquery", 0, kAnyNumber, UrlQuery},
  };
  return functions;
}

}  // namespace tocsin::templates
