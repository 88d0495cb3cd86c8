#include "integrations/ingest/push_session.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/labels.h"
#include "base/status_macros.h"
#include "integrations/ingest/utf8.h"
#include "integrations/ingest/wire.h"

namespace tocsin::ingest {
namespace {

// The shortest sample on the wire: a reference and a time of one byte each, a value.
constexpr uint64_t kSampleBytesMin = 10;

absl::Status Malformed() {
  return absl::InvalidArgumentError("not a well-formed PushRequest");
}

int64_t FromZigZag(uint64_t bits) {
  return static_cast<int64_t>(bits >> 1) ^ -static_cast<int64_t>(bits & 1);
}

// Differences add up modulo 2^64: a sum beyond any instant is refused as too new or too old, never
// undefined.
int64_t AddWrapping(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

struct LabelFields {
  absl::string_view name;
  absl::string_view value;
};

bool ReadLabel(absl::string_view message, LabelFields& out) {
  WireReader fields(message);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(1, WireType::kBytes):
        out.name = fields.Bytes();
        break;
      case Tag(2, WireType::kBytes):
        out.value = fields.Bytes();
        break;
      default:
        fields.Skip();
    }
  }
  return fields.ok();
}

// Calls `take` with a reader standing at each varint of a packed field.
template <typename Take>
bool ForEachVarint(absl::string_view packed, Take take) {
  WireReader numbers(packed);
  const char* end = packed.data() + packed.size();
  while (numbers.ok() && numbers.position() != end) {
    const uint64_t number = numbers.Varint();
    if (numbers.ok()) take(number);
  }
  return numbers.ok();
}

// Holds at most `size_max` numbers, and counts the others: how many there are is said to the
// sender, but room is not taken for what is rejected anyway.
template <typename Number>
class Column {
 public:
  explicit Column(size_t size_max) : size_max_(size_max) {}

  void Add(Number number) {
    if (seen_++ < size_max_) [[likely]]
      numbers_.push_back(number);
  }
  // False if the bytes are no whole numbers.
  bool AddPacked(absl::string_view packed) {
    if (packed.size() % sizeof(Number) != 0) return false;
    const size_t count = packed.size() / sizeof(Number);
    const size_t taken = std::min(count, size_max_ - numbers_.size());
    seen_ += count;
    if (taken == 0) return true;
    const size_t before = numbers_.size();
    numbers_.resize(before + taken);
    std::memcpy(numbers_.data() + before, packed.data(), taken * sizeof(Number));
    return true;
  }

  size_t seen() const { return seen_; }
  Number operator[](size_t i) const { return numbers_[i]; }

 private:
  const size_t size_max_;
  size_t seen_ = 0;
  std::vector<Number> numbers_;
};

}  // namespace

struct PushSession::Columns {
  explicit Columns(size_t samples_max)
      : references(samples_max), times_ms(samples_max), values(samples_max) {}

  Column<uint32_t> references;
  Column<int64_t> times_ms;
  Column<double> values;
};

// The wire's columns, which grow by doubling, and the batch.
uint64_t PushSession::BytesToDecode(size_t request_bytes) const {
  constexpr uint64_t kColumnBytes = sizeof(uint32_t) + sizeof(int64_t) + sizeof(double);
  const uint64_t samples =
      std::min<uint64_t>(request_bytes / kSampleBytesMin, limits_.samples_per_request_max);
  return samples * (2 * kColumnBytes + sizeof(SeriesRef) + sizeof(Sample));
}

absl::StatusOr<PushSamples> PushSession::Decode(absl::string_view request, Timestamp now) {
  PushSamples out;
  Columns columns(limits_.samples_per_request_max);
  TOCSIN_RETURN_IF_ERROR(ReadColumns(request, out, columns));
  const size_t samples = columns.references.seen();
  if (columns.times_ms.seen() != samples || columns.values.seen() != samples) {
    return absl::InvalidArgumentError(absl::StrCat("columns differ in length: ", samples,
                                                   " references, ", columns.times_ms.seen(),
                                                   " times, ", columns.values.seen(), " values"));
  }
  if (samples > limits_.samples_per_request_max) {
    out.rejected.Add(RejectReason::kSampleLimit, samples,
                     absl::StrCat("at most ", limits_.samples_per_request_max,
                                  " samples are taken at once (samples_per_request_max)"));
    return out;
  }
  Map(columns, now, out);
  return out;
}

absl::Status PushSession::ReadColumns(absl::string_view request, PushSamples& out,
                                      Columns& columns) {
  int64_t time_ms = 0;
  const auto add_reference = [&](uint64_t bits) {
    columns.references.Add(static_cast<uint32_t>(bits));
  };
  const auto add_time = [&](uint64_t bits) {
    time_ms = AddWrapping(time_ms, FromZigZag(bits));
    columns.times_ms.Add(time_ms);
  };
  bool whole = true;
  WireReader fields(request);
  while (whole && fields.Next()) {
    switch (fields.tag()) {
      case Tag(1, WireType::kVarint):
        out.sequence = fields.Varint();
        break;
      case Tag(2, WireType::kBytes):
        TOCSIN_RETURN_IF_ERROR(Declare(fields.Bytes()));
        break;
      case Tag(3, WireType::kBytes):
        whole = ForEachVarint(fields.Bytes(), add_reference);
        break;
      case Tag(3, WireType::kVarint):
        add_reference(fields.Varint());
        break;
      case Tag(4, WireType::kBytes):
        whole = ForEachVarint(fields.Bytes(), add_time);
        break;
      case Tag(4, WireType::kVarint):
        add_time(fields.Varint());
        break;
      case Tag(5, WireType::kBytes):
        whole = columns.values.AddPacked(fields.Bytes());
        break;
      case Tag(5, WireType::kFixed64):
        columns.values.Add(fields.Double());
        break;
      default:
        fields.Skip();
    }
  }
  return whole && fields.ok() ? absl::OkStatus() : Malformed();
}

absl::Status PushSession::Declare(absl::string_view declaration) {
  uint32_t reference = 0;
  std::vector<absl::string_view> labels;  // one beyond the limit is enough to see that it is passed
  WireReader fields(declaration);
  while (fields.Next()) {
    switch (fields.tag()) {
      case Tag(1, WireType::kVarint):
        reference = static_cast<uint32_t>(fields.Varint());
        break;
      case Tag(2, WireType::kBytes): {
        const absl::string_view label = fields.Bytes();
        if (labels.size() <= limits_.labels_per_series_max) labels.push_back(label);
        break;
      }
      default:
        fields.Skip();
    }
  }
  if (!fields.ok()) return Malformed();
  const bool grows = reference == series_.size() && series_.size() < limits_.series_max;
  if (grows) TOCSIN_RETURN_IF_ERROR(lease_.Grow(1));
  TOCSIN_ASSIGN_OR_RETURN(const Declared declared, ResolveDeclared(labels));
  // A number out of turn is not taken: samples under it are then rejected as unknown.
  if (reference < series_.size()) {
    series_[reference] = declared;
  } else if (grows) {
    series_.push_back(declared);
  }
  return absl::OkStatus();
}

absl::StatusOr<PushSession::Declared> PushSession::ResolveDeclared(
    const std::vector<absl::string_view>& labels) {
  if (labels.size() > limits_.labels_per_series_max) return Declared{0, RejectReason::kLabelLimit};
  std::vector<absl::string_view> names;
  LabelsBuilder builder;
  for (absl::string_view message : labels) {
    LabelFields label;
    if (!ReadLabel(message, label)) return Malformed();
    if (!IsUtf8(label.name) || !IsUtf8(label.value)) return Declared{0, RejectReason::kInvalidUtf8};
    if (label.name.empty()) return Declared{0, RejectReason::kInvalidLabel};
    names.push_back(label.name);
    builder.Set(label.name, label.value);
  }
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end()) {
    return Declared{0, RejectReason::kDuplicateLabel};
  }
  if (builder.Get(kMetricName).empty()) return Declared{0, RejectReason::kInvalidName};
  const absl::StatusOr<SeriesRef> ref = sink_.ResolveFrom(sender_, builder.Build());
  if (ref.ok()) return Declared{*ref, {}};
  if (absl::IsInvalidArgument(ref.status()) || absl::IsResourceExhausted(ref.status())) {
    return Declared{0, ReasonOfResolve(ref.status())};
  }
  return ref.status();
}

void PushSession::Map(const Columns& columns, Timestamp now, PushSamples& out) {
  const int64_t oldest_ms = now.millis() - static_cast<int64_t>(limits_.past_ms_max);
  const int64_t newest_ms = now.millis() + static_cast<int64_t>(limits_.future_ms_max);
  const size_t samples = columns.references.seen();
  out.batch.refs.reserve(samples);
  out.batch.times_ms.reserve(samples);
  out.batch.values.reserve(samples);
  for (size_t i = 0; i < samples; ++i) {
    const uint32_t reference = columns.references[i];
    const int64_t time_ms = columns.times_ms[i];
    const Declared declared = reference < series_.size() ? series_[reference] : Declared{};
    const auto dated = [time_ms] { return absl::StrCat("dated ", time_ms, " ms"); };
    if (declared.ref == 0) [[unlikely]] {
      out.rejected.AddOne(declared.reason,
                          [reference] { return absl::StrCat("reference ", reference); });
    } else if (time_ms > newest_ms) [[unlikely]] {
      out.rejected.AddOne(RejectReason::kTooNew, dated);
    } else if (time_ms < oldest_ms) [[unlikely]] {
      out.rejected.AddOne(RejectReason::kTooOld, dated);
    } else {
      out.batch.Add(declared.ref, time_ms, columns.values[i]);
    }
  }
}

}  // namespace tocsin::ingest
