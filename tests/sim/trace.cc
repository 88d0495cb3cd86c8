#include "tests/sim/trace.h"

#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/labels.h"

namespace tocsin::simulation {
namespace {

constexpr size_t kNewestMax = 80;

}  // namespace

void Trace::Add(int64_t at_ms, absl::string_view event) {
  std::string line = absl::StrCat(at_ms, " ", event);
  hash_ = hash_ * 0x9e3779b97f4a7c15 + Hash64(line);
  ++events_;
  if (verbose_) absl::PrintF("%s\n", line);
  newest_.push_back(std::move(line));
  if (newest_.size() > kNewestMax) newest_.pop_front();
}

}  // namespace tocsin::simulation
