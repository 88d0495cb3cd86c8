#include "integrations/ingest/log_walk.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "integrations/ingest/utf8.h"
#include "integrations/ingest/wire.h"

namespace tocsin::ingest {
namespace {

constexpr uint32_t kResourceAttributes = 1;  // field number
// Of an entry of LogCounts, besides its texts.
constexpr uint64_t kCountBytes = 256;

absl::Status Malformed() {
  return absl::InvalidArgumentError("not a well-formed ExportLogsServiceRequest");
}

std::string CutText(absl::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  size_t size = bytes_max;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return std::string(text.substr(0, size));
}

}  // namespace

absl::Status LogWalk::Request(absl::string_view message) {
  WireReader fields(message);
  while (fields.Next()) {
    if (fields.tag() == Tag(1, WireType::kBytes)) {
      const uint64_t before = counted_;
      TOCSIN_RETURN_IF_ERROR(ResourceLogs(fields.Bytes()));
      if (counted_ == before) TOCSIN_RETURN_IF_ERROR(CountRecord());
    } else {
      fields.Skip();
    }
  }
  return fields.ok() ? absl::OkStatus() : Malformed();
}

absl::Status LogWalk::ResourceLogs(absl::string_view message) {
  MergedField resource;
  WireReader search(message);
  while (search.Next()) {
    if (search.tag() == Tag(1, WireType::kBytes)) {
      resource.Add(search.Bytes());
    } else {
      search.Skip();
    }
  }
  if (!search.ok()) return Malformed();
  TOCSIN_RETURN_IF_ERROR(ReadResource(resource.bytes()));
  WireReader fields(message);
  while (fields.Next()) {
    if (fields.tag() == Tag(2, WireType::kBytes)) {
      const uint64_t before = counted_;
      TOCSIN_RETURN_IF_ERROR(ScopeLogs(fields.Bytes()));
      if (counted_ == before) TOCSIN_RETURN_IF_ERROR(CountRecord());
    } else {
      fields.Skip();
    }
  }
  return absl::OkStatus();
}

absl::Status LogWalk::ReadResource(absl::string_view resource) {
  source_.resource.clear();
  resource_error_ = DecodeAttributes(
      resource, kResourceAttributes,
      {.count_max = LogRecordView::kAttributesMax, .text_bytes_max = limits_.label_value_bytes_max},
      source_.resource);
  return resource_error_ == AttributeError::kMalformed ? Malformed() : absl::OkStatus();
}

absl::Status LogWalk::ScopeLogs(absl::string_view message) {
  absl::string_view scope_name;
  WireReader search(message);
  while (search.Next()) {
    if (search.tag() != Tag(1, WireType::kBytes)) {
      search.Skip();
      continue;
    }
    WireReader scope(search.Bytes());
    while (scope.Next()) {
      if (scope.tag() == Tag(1, WireType::kBytes)) {
        scope_name = scope.Bytes();
      } else {
        scope.Skip();
      }
    }
    if (!scope.ok()) return Malformed();
  }
  if (!search.ok()) return Malformed();
  source_.scope = IsUtf8(scope_name) ? std::string(scope_name) : "";
  WireReader fields(message);
  while (fields.Next()) {
    if (fields.tag() == Tag(2, WireType::kBytes)) {
      TOCSIN_RETURN_IF_ERROR(Record(fields.Bytes()));
    } else {
      fields.Skip();
    }
  }
  return absl::OkStatus();
}

absl::Status LogWalk::CountRecord() {
  if (++counted_ <= limits_.samples_per_request_max) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat("more than ", limits_.samples_per_request_max,
                                                   " log records (samples_per_request_max)"));
}

// A record of which a text that somebody asks for cannot be read counts for no further rule.
absl::Status LogWalk::Refuse(AttributeError error) {
  switch (error) {
    case AttributeError::kMalformed:
      return Malformed();
    case AttributeError::kInvalidUtf8:
      result_.rejected.Add(RejectReason::kInvalidUtf8, 1, "a text of a log record");
      break;
    case AttributeError::kTooDeep:
      result_.rejected.Add(RejectReason::kInvalidLabel, 1,
                           "a value of a log record is nested too deeply");
      break;
    default:
      result_.rejected.Add(RejectReason::kLabelLimit, 1, "too many attributes of a log record");
  }
  return absl::OkStatus();
}

absl::Status LogWalk::Reject(RejectReason reason, absl::string_view detail) {
  TOCSIN_RETURN_IF_ERROR(CountRecord());
  ++result_.records;
  result_.rejected.Add(reason, 1, detail);
  return absl::OkStatus();
}

absl::Status LogWalk::Record(absl::string_view message) {
  TOCSIN_RETURN_IF_ERROR(CountRecord());
  ++result_.records;
  LogRecordView record(message, source_, limits_.label_value_bytes_max);
  const AttributeError error =
      record.error() != AttributeError::kNone ? record.error() : resource_error_;
  if (error != AttributeError::kNone) return Refuse(error);
  for (size_t i = 0; i < rules_->size(); ++i) {
    const auto& tests = (*rules_)[i].tests;
    const bool matches = std::all_of(tests.begin(), tests.end(), [&](const LogTest& test) {
      return test.holds(record.Text(test.field));
    });
    if (matches && record.error() == AttributeError::kNone) {
      TOCSIN_RETURN_IF_ERROR(Match(i, record));
    }
    if (record.error() != AttributeError::kNone) return Refuse(record.error());
  }
  return absl::OkStatus();
}

absl::Status LogWalk::Match(size_t rule, LogRecordView& record) {
  std::vector<std::string> values;
  uint64_t bytes = kCountBytes;
  for (const auto& [name, field] : (*rules_)[rule].labels) {
    values.emplace_back(record.Text(field));
    bytes += values.back().size() + sizeof(std::string);
  }
  LogMatch match{
      .time = record.time() == Timestamp() ? now_ : record.time(),
      .severity = std::string(record.Text({RecordField::Kind::kSeverity, ""})),
      .body = CutText(record.Text({RecordField::Kind::kBody, ""}), LogCounters::kEvidenceBytesMax),
      .trace_id = absl::BytesToHexString(record.trace_id())};
  if (record.error() != AttributeError::kNone) return absl::OkStatus();  // refused by Record()
  const auto [count, is_new] = counts_.try_emplace({rule, std::move(values)});
  if (is_new && room_ != nullptr) {
    TOCSIN_RETURN_IF_ERROR(room_->Grow(
        bytes + LogCounters::kEvidence * (LogCounters::kEvidenceBytesMax + sizeof(LogMatch))));
  }
  ++count->second.records;
  auto& newest = count->second.newest;
  if (newest.size() >= LogCounters::kEvidence) newest.erase(newest.begin());
  newest.push_back(std::move(match));
  return absl::OkStatus();
}

std::string LogSamples::Describe() const {
  std::string text = rejected.Describe();
  if (dropped > 0) {
    absl::StrAppend(&text, text.empty() ? "" : "; ", dropped, " matches not counted: ", warning);
  }
  return text;
}

LogSamples LogWalk::Count(LogCounters& counters) {
  LogSamples samples = std::move(result_);
  samples.batch =
      counters.Count(rules_, std::move(counts_), now_, samples.dropped, samples.warning);
  return samples;
}

}  // namespace tocsin::ingest
