#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/promqltest/script.h"
#include "tests/promqltest/subject.h"

namespace tocsin::promqltest {

// Equal within a relative 1e-6, the tolerance of Prometheus' own harness; NaN equals NaN.
bool AlmostEqual(double a, double b);

// Each answers with the first difference, or "" if there is none.
std::string CompareInstant(const Eval& eval, const naive::Value& value, bool check_order);
std::string CompareRange(const Eval& eval, const std::vector<Timestamp>& times,
                         const std::vector<Outcome>& outcomes);
std::string CompareNotes(const Eval& eval, const naive::Annotations& notes);
// Whether the failure is one that is expected. `error` is not OK.
std::string CompareError(const Eval& eval, const absl::Status& error);

bool ExpectsFailure(const Eval& eval);

}  // namespace tocsin::promqltest
