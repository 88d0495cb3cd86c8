#pragma once

#include <string>
#include <vector>

#include "engine/adhoc_query.h"
#include "rules/rule_test_file.h"

namespace tocsin::app {

// Compares the result of a case's expression with the samples it expects. Values must be equal,
// NaN to NaN; with `fuzzy` also if they are neighbours among the floating-point numbers. Histograms
// are equal if they read the same, as to promtool: the counter reset counts too. Nothing if they
// agree, else lines that say how they differ.
std::vector<std::string> CheckSamples(const rules::ExprCase& test,
                                      const engine::AdhocResult& result, bool fuzzy);

}  // namespace tocsin::app
