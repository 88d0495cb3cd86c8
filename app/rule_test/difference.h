#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "rules/rule_test_file.h"

namespace tocsin::app {

// An alert or a sample as a person compares it with another.
struct ComparedItem {
  std::vector<std::string> shown;  // whole, as lines
  rules::TextMap fields;           // `label job`, `annotation summary`, `value`: how it reads
};

// Whether two lists hold the same, in any order: what is missing and what came unexpectedly.
// `same(e, g)`: expected[e] and got[g] are the same to the test. Nothing if the lists are equal;
// else lines: `exp:` and `got:` in full, then what differs, between items that are alike field by
// field.
std::vector<std::string> Difference(const std::vector<ComparedItem>& expected,
                                    const std::vector<ComparedItem>& got,
                                    const std::function<bool(size_t e, size_t g)>& same);

// {a="b", c="d"}
std::string ShowTexts(const rules::TextMap& texts);

}  // namespace tocsin::app
