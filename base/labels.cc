#include "base/labels.h"

#include <xxhash.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"

namespace tocsin {
namespace {

constexpr size_t kLabelsUsual = 12;  // as many as most series have, or fewer

void AppendVarint(size_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

// Reads varint length + bytes from the front of `in`; false if `in` is too short, or the length
// longer than need be: equal sets have equal bytes.
bool ReadString(absl::string_view& in, absl::string_view& out) {
  size_t size = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    if (in.empty()) return false;
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    size |= static_cast<size_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (size > in.size() || (byte == 0 && shift > 0)) return false;
      out = in.substr(0, size);
      in.remove_prefix(size);
      return true;
    }
  }
  return false;
}

bool NameLess(const std::pair<std::string, std::string>& label, absl::string_view name) {
  return absl::string_view(label.first) < name;
}

bool IsPlainName(absl::string_view name, bool metric) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [metric](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (metric && c == ':');
  });
}

// Quotes as Prometheus prints label values: \\, \" and \n escaped.
std::string Quote(absl::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '\\' || c == '"') out.push_back('\\');
    if (c == '\n') {
      out += "\\n";
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
  return out;
}

}  // namespace

void Labels::Iterator::Read() {
  next_ = rest_;
  if (next_.empty()) return;
  const bool whole = ReadString(next_, label_.name) && ReadString(next_, label_.value);
  TOCSIN_CHECK(whole) << "label bytes are not canonical";
}

Labels::Labels(std::initializer_list<std::pair<absl::string_view, absl::string_view>> labels) {
  LabelsBuilder builder;
  for (const auto& [name, value] : labels) builder.Set(name, value);
  *this = builder.Build();
}

absl::StatusOr<Labels> Labels::FromCanonical(absl::string_view bytes) {
  absl::string_view rest = bytes, name, value, previous;
  for (bool first = true; !rest.empty(); first = false) {
    if (!ReadString(rest, name) || !ReadString(rest, value)) {
      return absl::DataLossError("label set: malformed");
    }
    if (value.empty() || (!first && name <= previous)) {
      return absl::DataLossError("label set: not in canonical order");
    }
    previous = name;
  }
  return Labels::Of(bytes);
}

size_t Labels::size() const {
  return static_cast<size_t>(std::distance(begin(), end()));
}

absl::string_view Labels::Get(absl::string_view name) const {
  for (const LabelView& label : *this) {
    if (label.name == name) return label.value;
    if (label.name > name) break;
  }
  return {};
}

uint64_t Labels::Hash() const {
  return Hash64(canonical());
}
absl::uint128 Labels::Fingerprint() const {
  return Fingerprint128(canonical());
}

std::string Labels::ToString() const {
  const absl::string_view metric = metric_name();
  const bool plain = IsPlainName(metric, /*metric=*/true);
  std::string body;
  if (!metric.empty() && !plain) body = Quote(metric);
  for (const LabelView& label : *this) {
    if (label.name == kMetricName) continue;
    if (!body.empty()) body += ", ";
    absl::StrAppend(&body,
                    IsPlainName(label.name, false) ? std::string(label.name) : Quote(label.name),
                    "=", Quote(label.value));
  }
  if (plain && body.empty()) return std::string(metric);
  return absl::StrCat(plain ? metric : absl::string_view(), "{", body, "}");
}

std::weak_ordering operator<=>(const Labels& a, const Labels& b) {
  auto ia = a.begin(), ib = b.begin();
  for (; ia != a.end() && ib != b.end(); ++ia, ++ib) {
    if (const int c = ia->name.compare(ib->name)) return c <=> 0;
    if (const int c = ia->value.compare(ib->value)) return c <=> 0;
  }
  if (ia == a.end() && ib == b.end()) return std::weak_ordering::equivalent;
  return ia == a.end() ? std::weak_ordering::less : std::weak_ordering::greater;
}

LabelsBuilder::LabelsBuilder(const Labels& base) {
  for (const LabelView& label : base) {
    labels_.emplace_back(std::string(label.name), std::string(label.value));
  }
}

LabelsBuilder& LabelsBuilder::Set(absl::string_view name, absl::string_view value) {
  if (value.empty()) return Delete(name);
  if (labels_.empty()) labels_.reserve(kLabelsUsual);
  if (labels_.empty() || NameLess(labels_.back(), name)) {  // labels mostly come in order
    labels_.emplace_back(std::string(name), std::string(value));
    return *this;
  }
  auto it = std::lower_bound(labels_.begin(), labels_.end(), name, NameLess);
  if (it != labels_.end() && it->first == name) {
    it->second = std::string(value);
  } else {
    labels_.emplace(it, std::string(name), std::string(value));
  }
  return *this;
}

LabelsBuilder& LabelsBuilder::Delete(absl::string_view name) {
  auto it = std::lower_bound(labels_.begin(), labels_.end(), name, NameLess);
  if (it != labels_.end() && it->first == name) labels_.erase(it);
  return *this;
}

LabelsBuilder& LabelsBuilder::Keep(const std::vector<std::string>& names) {
  std::erase_if(labels_, [&](const auto& label) {
    return std::find(names.begin(), names.end(), label.first) == names.end();
  });
  return *this;
}

LabelsBuilder& LabelsBuilder::Drop(const std::vector<std::string>& names) {
  std::erase_if(labels_, [&](const auto& label) {
    return std::find(names.begin(), names.end(), label.first) != names.end();
  });
  return *this;
}

absl::string_view LabelsBuilder::Get(absl::string_view name) const {
  auto it = std::lower_bound(labels_.begin(), labels_.end(), name, NameLess);
  return it != labels_.end() && it->first == name ? absl::string_view(it->second)
                                                  : absl::string_view();
}

Labels LabelsBuilder::Build() const {
  constexpr size_t kLengthsUsual = 2;  // a byte each
  size_t size = 0;
  for (const auto& [name, value] : labels_) size += name.size() + value.size() + kLengthsUsual;
  std::string bytes;
  bytes.reserve(size);
  for (const auto& [name, value] : labels_) {
    AppendVarint(name.size(), bytes);
    bytes += name;
    AppendVarint(value.size(), bytes);
    bytes += value;
  }
  return Labels::Of(bytes);
}

uint64_t Hash64(absl::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

absl::uint128 Fingerprint128(absl::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return absl::MakeUint128(hash.high64, hash.low64);
}

}  // namespace tocsin
