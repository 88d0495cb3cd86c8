#include "integrations/datadog/log_reader.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "integrations/datadog/json_picker.h"
#include "integrations/datadog/log_members.h"
#include "integrations/datadog/log_value.h"
#include "integrations/datadog/names.h"
#include "integrations/ingest/log_record.h"

namespace tocsin::datadog {
namespace {

using Json = nlohmann::json;
using ingest::RejectReason;
using ingest::Tag;
using ingest::WireType;

// Fields of OTLP's messages.
constexpr uint32_t kResource = 1, kScopeLogs = 2;  // of ResourceLogs
constexpr uint32_t kResourceAttributes = 1;        // of Resource
constexpr uint32_t kLogRecords = 2;                // of ScopeLogs
constexpr uint32_t kTime = 1, kSeverity = 2, kSeverityText = 3, kBody = 5, kAttributes = 6,
                   kTraceId = 9;  // of LogRecord
constexpr uint64_t kNanosPerMilli = 1'000'000;

// A piece of JSON as a tree, about; a document in it is one more.
constexpr uint64_t kPieceBytes = kJsonPieceValuesMax * 40;
uint64_t BytesToRead(uint64_t body) {
  return 2 * (std::min(body * 20, kPieceBytes) + body);
}

const std::string& Or(const std::string& said, const std::string& otherwise) {
  return said.empty() ? otherwise : said;
}

}  // namespace

absl::Status LogReader::TakeJson(absl::string_view body) {
  TOCSIN_RETURN_IF_ERROR(room_.Grow(BytesToRead(body.size())));
  size_t too_large = 0;
  TOCSIN_RETURN_IF_ERROR(ForEachJsonElement(
      body, "", [this](const Json& log) { return Take(log); }, &too_large));
  for (; too_large > 0; --too_large) {
    TOCSIN_RETURN_IF_ERROR(
        walk_.Reject(RejectReason::kSampleLimit,
                     absl::StrCat("a log of more than ", kJsonPieceValuesMax, " values")));
  }
  return absl::OkStatus();
}

absl::Status LogReader::TakeLines(absl::string_view body) {
  TOCSIN_RETURN_IF_ERROR(room_.Grow(BytesToRead(body.size())));
  for (absl::string_view line : absl::StrSplit(body, '\n')) {
    line = absl::StripTrailingAsciiWhitespace(line);
    if (absl::StripLeadingAsciiWhitespace(line).empty()) continue;
    TOCSIN_RETURN_IF_ERROR(Take(Json::object({{"message", std::string(line)}})));
  }
  return absl::OkStatus();
}

absl::Status LogReader::Take(const Json& log) {
  if (!log.is_object()) {
    return walk_.Reject(RejectReason::kNoValue, "a log that is no object of JSON");
  }
  if (log.empty()) return absl::OkStatus();
  LogMembers members;
  ReadLogMembers(log, members);
  ReadTags(members);
  if (tags_.too_many()) {
    return walk_.Reject(RejectReason::kLabelLimit,
                        absl::StrCat("more than ", LogTags::kTagsMax, " tags of a log"));
  }
  Write(members, log);
  TOCSIN_RETURN_IF_ERROR(wire_.status());
  if (name_too_long_) {
    return walk_.Reject(RejectReason::kLabelLimit,
                        absl::StrCat("a name of more than ", kNameBytesMax, " bytes in a log"));
  }
  return walk_.ResourceLogs(wire_.bytes());
}

void LogReader::ReadTags(const LogMembers& members) {
  const std::string& list = Or(members.tags, defaults_.tags);
  const std::string& host = Or(members.host, defaults_.host);
  if (tags_read_ && list == tag_list_ && host == tag_host_) return;
  tags_read_ = true;
  tag_list_ = list;
  tag_host_ = host;
  tags_.Clear();
  tags_.AddList(list);
  if (const HostTagSetPtr of_host = hosts_.Find(NormalTag(host))) {
    for (const std::string& tag : of_host->tags) tags_.Add(tag);
  }
  tags_.Join();
}

void LogReader::Write(const LogMembers& members, const Json& log) {
  wire_.Clear();
  attributes_ = 0;
  name_too_long_ = false;
  wire_.Varint(Tag(kResource, WireType::kBytes));
  const size_t resource = wire_.Open();
  WriteResource(members);
  wire_.Close(resource);
  wire_.Varint(Tag(kScopeLogs, WireType::kBytes));
  const size_t scope = wire_.Open();
  wire_.Varint(Tag(kLogRecords, WireType::kBytes));
  const size_t record = wire_.Open();
  WriteRecord(members, log);
  wire_.Close(record);
  wire_.Close(scope);
}

// Of attributes with one name the first counts.
void LogReader::WriteResource(const LogMembers& members) {
  const auto write = [this](absl::string_view name, absl::string_view text) {
    if (!text.empty()) WriteKeyValue(kResourceAttributes, name, text, wire_);
  };
  write("service.name", Or(members.service, defaults_.service));
  write("host.name", Or(members.host, defaults_.host));
  for (const auto& [key, value] : tags_.all()) {
    for (const absl::string_view name : ResourceNamesOfTag(key)) write(name, value);
  }
}

void LogReader::WriteRecord(const LogMembers& members, const Json& log) {
  if (const auto time_ms = LogTimeOf(members.time)) {
    wire_.Varint(Tag(kTime, WireType::kFixed64));
    wire_.Fixed64(static_cast<uint64_t>(*time_ms) * kNanosPerMilli);
  }
  wire_.Varint(Tag(kSeverity, WireType::kVarint));
  wire_.Varint(static_cast<uint64_t>(SeverityOfStatus(members.status)));
  wire_.Varint(Tag(kSeverityText, WireType::kBytes));
  wire_.Bytes(members.status);
  if (members.message != nullptr) {
    wire_.Varint(Tag(kBody, WireType::kBytes));
    const size_t body = wire_.Open();
    WriteAnyValue(*members.message, wire_);
    wire_.Close(body);
  }
  wire_.Varint(Tag(kTraceId, WireType::kBytes));
  wire_.Bytes(TraceIdOf(members.trace_id));
  const std::string& source = Or(members.source, defaults_.source);
  if (!source.empty()) WriteAttribute("ddsource", absl::string_view(source));
  WriteMembers("", log, members);
  if (members.document != nullptr) WriteMembers("", *members.document, members);
  for (const auto& [key, value] : tags_.all()) WriteAttribute(key, absl::string_view(value));
}

void LogReader::WriteMembers(const std::string& prefix, const Json& object,
                             const LogMembers& members) {
  for (const auto& [key, value] : object.items()) {
    if (!members.IsAttribute(value)) continue;
    const std::string name = absl::StrCat(prefix, key);
    if (name.size() > kNameBytesMax) {
      name_too_long_ = true;
    } else if (value.is_object() && !value.empty()) {
      WriteMembers(absl::StrCat(name, "."), value, members);
    } else {
      WriteAttribute(name, value);
    }
  }
}

// One too many is enough to be noticed; more would only take memory.
template <typename Value>
void LogReader::WriteAttribute(absl::string_view name, const Value& value) {
  if (attributes_ > ingest::LogRecordView::kAttributesMax) return;
  ++attributes_;
  WriteKeyValue(kAttributes, name, value, wire_);
}

}  // namespace tocsin::datadog
