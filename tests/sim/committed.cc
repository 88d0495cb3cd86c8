#include "tests/sim/committed.h"

#include <algorithm>
#include <bit>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tocsin::simulation {
namespace {

bool Same(const Committed::Batch& a, const Committed::Batch& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!(a[i].labels == b[i].labels) || a[i].time_ms != b[i].time_ms) return false;
    if (std::bit_cast<uint64_t>(a[i].value) != std::bit_cast<uint64_t>(b[i].value)) return false;
  }
  return true;
}

}  // namespace

Committed::Batch WithLabels(const SampleBatch& samples, const engine::SeriesRegistry& registry) {
  Committed::Batch batch;
  for (size_t i = 0; i < samples.size(); ++i) {
    batch.push_back({registry.Get(samples.refs[i]), samples.times_ms[i], samples.values[i]});
  }
  return batch;
}

void Committed::Add(Batch batch) {
  doubtful_.clear();  // its place in the log was taken
  batches_.push_back(std::move(batch));
}

// Blocks hold what was committed first of each time of a series; the record they were made of is
// gone.
std::string Committed::CompareBlocks(const engine::SteppedEngine& engine) const {
  std::vector<std::string> expected, found;
  const auto add = [](const Batch& batch, std::vector<std::string>& to) {
    for (const Point& point : batch) {
      to.push_back(absl::StrCat(point.labels.canonical(), " ", point.time_ms, " ",
                                std::bit_cast<uint64_t>(point.value)));
    }
  };
  for (const storage::Block& block : engine.log().blocks()) {
    if (block.end_offset > batches_.size()) return "a block of what was never acknowledged";
    std::map<std::pair<Labels, int64_t>, Point> firsts;
    for (uint64_t i = block.first_offset; i < block.end_offset; ++i) {
      for (const Point& point : batches_[i]) {
        firsts.try_emplace({point.labels, point.time_ms}, point);
      }
    }
    for (const auto& [key, point] : firsts) add({point}, expected);
  }
  const absl::Status status = engine.log().ReadBlocks({}, [&](const SampleBatch& samples) {
    add(WithLabels(samples, engine.registry()), found);
    return true;
  });
  if (!status.ok()) return absl::StrCat("blocks cannot be read: ", status.ToString());
  std::sort(expected.begin(), expected.end());
  std::sort(found.begin(), found.end());
  return expected == found ? "" : "blocks differ from what was committed";
}

std::string Committed::CompareWith(const engine::SteppedEngine& engine) {
  std::string wrong = CompareBlocks(engine);
  if (!wrong.empty()) return wrong;
  size_t read = engine.log().first_offset();
  const auto visit = [&](const storage::LogRecord& record) {
    Batch batch = WithLabels(record.samples, engine.registry());
    if (read < batches_.size()) {
      if (!Same(batch, batches_[read])) wrong = absl::StrCat("log record ", read, " differs");
    } else if (read == batches_.size() &&
               std::any_of(doubtful_.begin(), doubtful_.end(),
                           [&](const Batch& doubtful) { return Same(batch, doubtful); })) {
      doubtful_.clear();
      batches_.push_back(std::move(batch));
    } else {
      wrong = absl::StrCat("log record ", read, " was never acknowledged");
    }
    ++read;
    return wrong.empty();
  };
  const absl::Status status = engine.log().ReadFrom(read, visit);
  if (!status.ok()) return absl::StrCat("the log cannot be read: ", status.ToString());
  if (wrong.empty() && read < batches_.size()) {
    wrong = absl::StrCat("acknowledged samples are missing: ", read, " of ", batches_.size(),
                         " batches are in the log");
  }
  doubtful_.clear();
  return wrong;
}

void Committed::Load(int64_t after_ms, naive::Storage& storage) const {
  for (const Batch& batch : batches_) {
    for (const Point& point : batch) {
      if (point.time_ms > after_ms) storage.Add(point.labels, point.time_ms, point.value);
    }
  }
}

}  // namespace tocsin::simulation
