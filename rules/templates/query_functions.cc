#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "rules/templates/functions.h"

// Prometheus' functions for query results.
namespace tocsin::templates {
namespace {

using Args = std::vector<Value>;
using Result = absl::StatusOr<Value>;

absl::Status WrongType(absl::string_view expected, const Value& got) {
  return absl::InvalidArgumentError(
      absl::StrCat("wrong type for value; expected ", expected, "; got ", TypeName(got)));
}

absl::StatusOr<RowPtr> RowArgument(const Value& value) {
  if (const auto* row = value.As<RowPtr>()) return *row;
  return WrongType("*template.sample", value);
}

absl::StatusOr<RowsPtr> RowsArgument(const Value& value) {
  if (const auto* rows = value.As<RowsPtr>()) return *rows;
  return WrongType("template.queryResult", value);
}

Result Query(const TemplateData& data, const Args& args) {
  TOCSIN_ASSIGN_OR_RETURN(const std::string text, TextArgument(args[0]));
  if (!data.query) return absl::FailedPreconditionError("query is not supported here");
  TOCSIN_ASSIGN_OR_RETURN(std::vector<QueryRow> rows, data.query(text));
  std::vector<RowPtr> shared;
  shared.reserve(rows.size());
  for (QueryRow& row : rows) shared.push_back(std::make_shared<const QueryRow>(std::move(row)));
  return Value{RowsPtr(std::make_shared<const std::vector<RowPtr>>(std::move(shared)))};
}

Result First(const TemplateData&, const Args& args) {
  TOCSIN_ASSIGN_OR_RETURN(const RowsPtr rows, RowsArgument(args[0]));
  if (rows->empty()) {
    return absl::InvalidArgumentError("first() called on vector with no elements");
  }
  return Value{rows->front()};
}

Result Label(const TemplateData&, const Args& args) {
  TOCSIN_ASSIGN_OR_RETURN(const std::string name, TextArgument(args[0]));
  TOCSIN_ASSIGN_OR_RETURN(const RowPtr row, RowArgument(args[1]));
  return Value{std::string(row->labels.Get(name))};
}

Result RowValue(const TemplateData&, const Args& args) {
  TOCSIN_ASSIGN_OR_RETURN(const RowPtr row, RowArgument(args[0]));
  return Value{row->value};
}

Result StringValue(const TemplateData&, const Args& args) {
  TOCSIN_ASSIGN_OR_RETURN(const RowPtr row, RowArgument(args[0]));
  return Value{std::string(row->labels.Get("__value__"))};
}

Result SortByLabel(const TemplateData&, const Args& args) {
  TOCSIN_ASSIGN_OR_RETURN(const std::string name, TextArgument(args[0]));
  TOCSIN_ASSIGN_OR_RETURN(const RowsPtr rows, RowsArgument(args[1]));
  std::vector<RowPtr> sorted = *rows;
  std::stable_sort(sorted.begin(), sorted.end(), [&](const RowPtr& a, const RowPtr& b) {
    return a->labels.Get(name) < b->labels.Get(name);
  });
  return Value{RowsPtr(std::make_shared<const std::vector<RowPtr>>(std::move(sorted)))};
}

}  // namespace

const std::vector<Function>& QueryFunctions() {
  static const auto& functions = *new std::vector<Function>{
      {"query", 1, 1, Query},          {"first", 1, 1, First},
      {"label", 2, 2, Label},          {"value", 1, 1, RowValue},
      {"strvalue", 1, 1, StringValue}, {"sortByLabel", 2, 2, SortByLabel},
  };
  return functions;
}

}  // namespace tocsin::templates
