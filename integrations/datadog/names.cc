#include "integrations/datadog/names.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace tocsin::datadog {
namespace {

constexpr size_t kCharactersMax = 200;  // of names and tags

bool IsLetter(char c) {
  return absl::ascii_isalpha(static_cast<unsigned char>(c));
}
bool IsAlphanumeric(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c));
}
bool ContinuesCharacter(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

// Cut between two characters of UTF-8.
absl::string_view FirstCharacters(absl::string_view text) {
  size_t characters = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!ContinuesCharacter(text[i]) && ++characters > kCharactersMax) return text.substr(0, i);
  }
  return text;
}

bool IsInTags(char c) {
  return IsAlphanumeric(c) || c == '_' || c == '-' || c == ':' || c == '.' || c == '/' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// '_' is left out beside another or beside a '.'.
void AppendToName(std::string& name, char c) {
  if (c == '_' && !name.empty() && (name.back() == '_' || name.back() == '.')) return;
  if (c == '.' && !name.empty() && name.back() == '_') name.pop_back();
  name.push_back(c);
}

}  // namespace

absl::StatusOr<std::string> MetricNameFromDatadog(absl::string_view name) {
  const auto letter = std::find_if(name.begin(), name.end(), IsLetter);
  name.remove_prefix(static_cast<size_t>(letter - name.begin()));
  std::string result;
  for (const char c : name) {
    if (ContinuesCharacter(c)) continue;  // one '_' for each character
    AppendToName(result, IsAlphanumeric(c) || c == '.' ? c : '_');
    if (result.size() == kCharactersMax) break;
  }
  while (!result.empty() && (result.back() == '_' || result.back() == '.')) result.pop_back();
  if (result.empty()) return absl::InvalidArgumentError("a metric name without a letter");
  std::replace(result.begin(), result.end(), '.', '_');
  return result;
}

std::string LabelNameFromDatadog(absl::string_view key) {
  std::string name;
  bool meaningful = false;
  for (const char c : key) {
    if (ContinuesCharacter(c)) continue;
    meaningful |= c != '_';
    const char mapped =
        IsAlphanumeric(c) ? absl::ascii_tolower(static_cast<unsigned char>(c)) : '_';
    if (name.empty() && absl::ascii_isdigit(static_cast<unsigned char>(mapped)))
      name.push_back('_');
    if (mapped == '_' && name == "_") continue;
    name.push_back(mapped);
  }
  return meaningful ? name : "";
}

std::string NormalTag(absl::string_view tag) {
  std::string result(FirstCharacters(absl::StripAsciiWhitespace(tag)));
  for (char& c : result) {
    c = IsInTags(c) ? absl::ascii_tolower(static_cast<unsigned char>(c)) : '_';
  }
  return result;
}

void LabelMaker::SetOwn(absl::string_view name, absl::string_view value) {
  if (!value.empty()) own_.emplace_back(name, value);
}

void LabelMaker::AddTag(absl::string_view tag) {
  const std::string normal = NormalTag(tag);
  const size_t colon = normal.find(':');
  if (colon == std::string::npos || colon + 1 == normal.size()) {
    Add(LabelNameFromDatadog(absl::string_view(normal).substr(0, colon)), kBareTagValue);
  } else {
    Add(LabelNameFromDatadog(absl::string_view(normal).substr(0, colon)), normal.substr(colon + 1));
  }
}

void LabelMaker::AddTag(absl::string_view key, absl::string_view value) {
  if (!value.empty()) Add(LabelNameFromDatadog(key), NormalTag(value));
}

bool LabelMaker::IsOwn(absl::string_view name) const {
  return std::any_of(own_.begin(), own_.end(),
                     [&](const auto& label) { return label.first == name; });
}

void LabelMaker::Add(std::string name, std::string value) {
  if (!name.empty() && !value.empty()) tags_.emplace_back(std::move(name), std::move(value));
}

Labels LabelMaker::Build() {
  for (auto& [name, value] : tags_) {
    if (IsOwn(name)) name = absl::StrCat("exported_", name);
  }
  std::sort(tags_.begin(), tags_.end());
  tags_.erase(std::unique(tags_.begin(), tags_.end()), tags_.end());
  LabelsBuilder builder;
  for (size_t i = 0; i < tags_.size();) {
    const std::string& name = tags_[i].first;
    std::string joined = tags_[i].second;
    for (++i; i < tags_.size() && tags_[i].first == name; ++i) {
      joined.push_back(kValueSeparator);
      joined += tags_[i].second;
    }
    builder.Set(name, joined);
  }
  for (const auto& [name, value] : own_) builder.Set(name, value);
  own_.clear();
  tags_.clear();
  return builder.Build();
}

}  // namespace tocsin::datadog
