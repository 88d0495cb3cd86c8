#include "base/record_field.h"

#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace tocsin {
namespace {

struct FieldWord {
  const char* word;
  RecordField::Kind kind;
};
constexpr FieldWord kWords[] = {
    {"severity", RecordField::Kind::kSeverity}, {"severity_text", RecordField::Kind::kSeverityText},
    {"body", RecordField::Kind::kBody},         {"event_name", RecordField::Kind::kEventName},
    {"scope", RecordField::Kind::kScope},
};
// With the '.' before a key.
constexpr FieldWord kPrefixes[] = {
    {"attributes.", RecordField::Kind::kAttribute},
    {"resource.", RecordField::Kind::kResource},
};

constexpr const char* kSeverities[] = {"trace", "debug", "info", "warn", "error", "fatal"};
constexpr int kNumbersPerSeverity = 4;

}  // namespace

std::optional<RecordField> ParseRecordField(absl::string_view text) {
  for (const auto& [word, kind] : kWords) {
    if (text == word) return RecordField{kind, ""};
  }
  for (const auto& [prefix, kind] : kPrefixes) {
    absl::string_view key = text;
    if (absl::ConsumePrefix(&key, prefix) && !key.empty())
      return RecordField{kind, std::string(key)};
  }
  return std::nullopt;
}

std::string RecordFieldText(const RecordField& field) {
  for (const auto& [word, kind] : kWords) {
    if (field.kind == kind) return word;
  }
  for (const auto& [prefix, kind] : kPrefixes) {
    if (field.kind == kind) return absl::StrCat(prefix, field.key);
  }
  return "";
}

const char* LogSeverityWord(int number) {
  const int count = static_cast<int>(std::size(kSeverities)) * kNumbersPerSeverity;
  return number < 1 || number > count ? "" : kSeverities[(number - 1) / kNumbersPerSeverity];
}

int LogSeverityNumber(absl::string_view word) {
  for (size_t i = 0; i < std::size(kSeverities); ++i) {
    if (word == kSeverities[i]) return static_cast<int>(i) * kNumbersPerSeverity + 1;
  }
  return 0;
}

}  // namespace tocsin
