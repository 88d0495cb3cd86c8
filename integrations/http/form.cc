#include "integrations/http/form.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"

namespace tocsin::http {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

bool PercentDecode(absl::string_view text, bool plus_is_space, std::string* out) {
  out->clear();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out->push_back(' ');
    } else if (text[i] == '%') {
      if (i + 2 >= text.size()) return false;
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return false;
      out->push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      out->push_back(text[i]);
    }
  }
  return true;
}

std::string PercentEncode(absl::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || c == '-' || c == '_' || c == '.' || c == '~') {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    }
  }
  return out;
}

bool Form::Add(absl::string_view encoded) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (absl::string_view part : absl::StrSplit(encoded, '&', absl::SkipEmpty())) {
    const size_t equals = part.find('=');
    std::string name, value;
    if (!PercentDecode(part.substr(0, equals), true, &name)) return false;
    if (equals != absl::string_view::npos &&
        !PercentDecode(part.substr(equals + 1), true, &value)) {
      return false;
    }
    pairs.emplace_back(std::move(name), std::move(value));
  }
  for (auto& pair : pairs) pairs_.push_back(std::move(pair));
  return true;
}

const std::string& Form::Get(absl::string_view name) const {
  static const std::string none;
  for (const auto& [key, value] : pairs_) {
    if (key == name) return value;
  }
  return none;
}

bool Form::Has(absl::string_view name) const {
  for (const auto& pair : pairs_) {
    if (pair.first == name) return true;
  }
  return false;
}

std::vector<std::string> Form::All(absl::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : pairs_) {
    if (key == name) values.push_back(value);
  }
  return values;
}

}  // namespace tocsin::http
