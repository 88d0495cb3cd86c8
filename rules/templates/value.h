#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "rules/templates/template.h"

namespace tocsin::templates {

struct Value;

// time.Time and time.Duration of Go, as far as templates meet them.
struct GoTime {
  int64_t ms = 0;  // since the epoch
};
struct GoDuration {
  int64_t ns = 0;
};

using LabelsPtr = std::shared_ptr<const Labels>;
using RowPtr = std::shared_ptr<const QueryRow>;
using RowsPtr = std::shared_ptr<const std::vector<RowPtr>>;
using EvidenceItems = const std::vector<EvidenceItem>*;
using MapPtr = std::shared_ptr<const std::map<std::string, Value>>;  // what `args` gives

// A value inside a template. `std::monostate` is Go's nil, `const TemplateData*` the dot a template
// starts with. Cheap to copy but for strings; labels are borrowed from the data or shared with the
// row they belong to, evidence is borrowed.
struct Value {
  std::variant<std::monostate, bool, int64_t, double, std::string, LabelsPtr, RowsPtr, RowPtr,
               MapPtr, GoTime, GoDuration, const TemplateData*, const Evidence*, EvidenceItems,
               const EvidenceItem*>
      data;

  template <typename T>
  const T* As() const {
    return std::get_if<T>(&data);
  }
  bool is_nil() const { return data.index() == 0; }
};

// Labels that are borrowed, not owned; null gives an empty set.
LabelsPtr BorrowLabels(const Labels* labels);

// Go's name of the type, for messages: "float64".
std::string TypeName(const Value& value);

// Go's truth: false, 0, "", nil and empty collections are false.
bool IsTrue(const Value& value);

}  // namespace tocsin::templates
