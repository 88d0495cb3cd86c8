// Any bytes as a stored record of any kind:
//   - they decode, or are refused as DataLoss or as written by a newer program, with a message
//   - what decodes is written back as a record that decodes to the same
//   - a decoder takes memory in proportion to what it was given, whatever the record claims
// `log` is a log record without its version and checksum, which are put before it: no mutation
// would find a checksum. `outbox` and `alerts` also go through their readers of a whole store.
// Inputs: record_input.h.

#include <google/protobuf/stubs/logging.h>

#include <array>
#include <bit>
#include <string>

#include "base/check.h"
#include "engine/alerts/alert_records.h"
#include "proto/tocsin/state/v1/state.pb.h"
#include "storage/codec.h"
#include "storage/format.h"
#include "storage/histogram_codec.h"
#include "storage/keys.h"
#include "storage/log_record.h"
#include "storage/memory_store.h"
#include "storage/outbox.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/record_input.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t bytes_max);

namespace tocsin::storage {
namespace {

void CheckRefusal(const absl::Status& status) {
  TOCSIN_CHECK(absl::IsDataLoss(status) || absl::IsFailedPrecondition(status)) << status;
  TOCSIN_CHECK(!status.message().empty());
}

void CheckSame(const SampleBatch& a, const SampleBatch& b) {
  TOCSIN_CHECK(a.refs == b.refs && a.times_ms == b.times_ms);
  for (size_t i = 0; i < a.size(); ++i) {
    TOCSIN_CHECK(std::bit_cast<uint64_t>(a.values[i]) == std::bit_cast<uint64_t>(b.values[i]));
    TOCSIN_CHECK((a.histogram(i) == nullptr) == (b.histogram(i) == nullptr));
    TOCSIN_CHECK(a.histogram(i) == nullptr || SameHistogram(*a.histogram(i), *b.histogram(i)));
  }
}

void CheckLogRecord(const std::string& bytes) {
  const auto time = DecodeCommitTime(bytes);
  const auto decoded = DecodeLogRecord(bytes);
  if (!decoded.ok()) return CheckRefusal(decoded.status());
  TOCSIN_CHECK(time.ok() && *time == decoded->committed);
  const SampleBatch& samples = decoded->samples;
  TOCSIN_CHECK(samples.size() <= 2 * bytes.size()) << samples.size();
  TOCSIN_CHECK(samples.bytes() <= 64 * bytes.size()) << samples.bytes();
  // A value may carry the mark without a histogram only in records of the first version.
  for (size_t i = 0; i < samples.size(); ++i) {
    if (IsHistogramMark(samples.values[i]) && samples.histogram(i) == nullptr) return;
  }
  const auto again = DecodeLogRecord(EncodeLogRecord(samples, decoded->committed));
  TOCSIN_CHECK(again.ok()) << again.status();
  TOCSIN_CHECK(again->committed == decoded->committed);
  CheckSame(again->samples, samples);
}

void CheckLogBody(const std::string& body) {
  for (const char version : {1, 2}) {
    const uint64_t checksum = Hash64(body);
    std::string bytes(1, version);
    bytes.append(reinterpret_cast<const char*>(&checksum), sizeof(checksum));
    CheckLogRecord(bytes + body);
  }
}

void CheckHistogram(const std::string& bytes) {
  absl::string_view rest = bytes;
  const HistogramPtr histogram = TakeHistogram(rest);
  if (histogram == nullptr) return;
  TOCSIN_CHECK(HistogramBytes(*histogram) <= sizeof(*histogram) + 16 * bytes.size());
  TOCSIN_CHECK(Validate(*histogram).ok());
  std::string written;
  AppendHistogram(written, *histogram);
  absl::string_view again = written;
  const HistogramPtr same = TakeHistogram(again);
  TOCSIN_CHECK(same != nullptr && again.empty());
  TOCSIN_CHECK(SameHistogram(*histogram, *same));
}

void CheckLabels(const std::string& bytes) {
  const auto labels = DecodeLabels(bytes);
  if (!labels.ok()) return CheckRefusal(labels.status());
  TOCSIN_CHECK(EncodeLabels(*labels) == bytes);
  LabelsBuilder builder;
  for (const LabelView& label : *labels) builder.Set(label.name, label.value);
  TOCSIN_CHECK(builder.Build() == *labels) << labels->ToString();
}

void CheckNumber(const std::string& bytes) {
  const auto number = DecodeNumber(bytes);
  if (!number.ok()) {
    CheckRefusal(number.status());
  } else {
    TOCSIN_CHECK(*DecodeNumber(EncodeNumber(*number)) == *number);
  }
  if (const absl::Status format = CheckFormat(bytes); !format.ok()) CheckRefusal(format);
}

template <typename Message>
void CheckMessage(const std::string& bytes) {
  Message message;
  if (const absl::Status status = DecodeMessage(bytes, message); !status.ok()) {
    return CheckRefusal(status);
  }
  Message again;
  TOCSIN_CHECK(DecodeMessage(EncodeMessage(message), again).ok());
  TOCSIN_CHECK(EncodeMessage(again).size() == EncodeMessage(message).size());
}

std::unique_ptr<MemoryStore> StoreOf(Family family, const std::string& key,
                                     const std::string& value) {
  auto store = std::make_unique<MemoryStore>();
  WriteBatch batch;
  batch.Put(family, key, value);
  TOCSIN_CHECK(store->Write(batch, Durability::kSynced).ok());
  return store;
}

void CheckAlert(const std::string& bytes) {
  CheckMessage<state::v1::AlertRecord>(bytes);
  const auto alerts = engine::ReadAlerts(*StoreOf(Family::kAlerts, "key", bytes));
  if (!alerts.ok()) return CheckRefusal(alerts.status());
  for (const auto& [rule, instances] : *alerts) {
    for (const engine::AlertInstance& instance : instances) {
      const std::string written = engine::EncodeAlert(rule, instance);
      const auto again = engine::ReadAlerts(*StoreOf(Family::kAlerts, "key", written));
      TOCSIN_CHECK(again.ok()) << again.status();
      engine::AlertInstance moved = instance;
      engine::SkipGap(absl::Hours(1), moved);
    }
  }
}

void CheckOutbox(char half, const std::string& bytes) {
  const auto store = StoreOf(Family::kOutbox, std::string(1, half) + "alias", bytes);
  Outbox outbox(*store, 10);
  const auto aside = outbox.Recover();
  if (!aside.ok()) return CheckRefusal(aside.status());
  TOCSIN_CHECK(*aside + outbox.size() <= 1);
  static_cast<void>(outbox.OldestUnsettledMillis());
  Outbox later(*store, 10);
  const auto once_more = later.Recover();
  TOCSIN_CHECK(once_more.ok() && *once_more == 0) << "moved aside twice";
  TOCSIN_CHECK(later.Aliases() == outbox.Aliases());
}

void CheckKeys(const std::string& bytes) {
  const auto offset = ParseLogKey(bytes);
  TOCSIN_CHECK(!offset || LogKey(*offset) == bytes);
  const auto ref = ParseSeriesKey(bytes);
  TOCSIN_CHECK(!ref || SeriesKey(*ref) == bytes);
  static_cast<void>(ParseHistoryTime(bytes));
  const std::string end = PrefixEnd(bytes);
  TOCSIN_CHECK(end.empty() || end > bytes);
}

struct Kind {
  const char* name;
  void (*check)(const std::string& bytes);
};

constexpr std::array kKinds = {
    Kind{"log_record", CheckLogRecord},
    Kind{"log", CheckLogBody},
    Kind{"histogram", CheckHistogram},
    Kind{"labels", CheckLabels},
    Kind{"number", CheckNumber},
    Kind{"alert", CheckAlert},
    Kind{"desired_page",
         [](const std::string& bytes) {
           CheckMessage<state::v1::DesiredPage>(bytes);
           CheckOutbox('d', bytes);
         }},
    Kind{"page_delivery",
         [](const std::string& bytes) {
           CheckMessage<state::v1::PageDelivery>(bytes);
           CheckOutbox('c', bytes);
         }},
    Kind{"history", CheckMessage<state::v1::HistoryRecord>},
    Kind{"clock", CheckMessage<state::v1::ClockRecord>},
    Kind{"key", CheckKeys},
};

}  // namespace
}  // namespace tocsin::storage

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const google::protobuf::LogSilencer silent;  // it would report each string that is no UTF-8
  for (const auto& record : tocsin::fuzz::ReadRecords(tocsin::fuzz::Text(data, size))) {
    for (const tocsin::storage::Kind& kind : tocsin::storage::kKinds) {
      if (record.kind == kind.name) kind.check(record.bytes);
    }
  }
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t bytes_max,
                                          unsigned int seed) {
  auto records = tocsin::fuzz::ReadRecords(tocsin::fuzz::Text(data, size));
  if (records.empty()) records.push_back({"log", ""});
  auto& record = records[seed / 64 % records.size()];
  if (seed % 64 == 0)
    record.kind = tocsin::storage::kKinds[seed / 64 % tocsin::storage::kKinds.size()].name;
  constexpr size_t kGrowthMax = 32;
  const size_t before = record.bytes.size();
  record.bytes.resize(before + kGrowthMax);
  record.bytes.resize(LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(record.bytes.data()), before,
                                       record.bytes.size()));
  const std::string text = tocsin::fuzz::WriteRecords({record});
  if (text.size() > bytes_max) return size;
  return text.copy(reinterpret_cast<char*>(data), bytes_max);
}
