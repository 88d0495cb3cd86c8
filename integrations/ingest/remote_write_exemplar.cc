#include "integrations/ingest/remote_write_exemplar.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/ascii.h"
#include "integrations/ingest/wire.h"

namespace tocsin::ingest {
namespace {

// What OpenMetrics lets the labels of an exemplar have in total.
constexpr size_t kIdBytesMax = 128;

bool IsId(absl::string_view text) {
  return !text.empty() && text.size() <= kIdBytesMax &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); });
}

void TakeLabel(absl::string_view name, absl::string_view value, SentExemplar& exemplar) {
  if (!IsId(value)) return;
  if (name == "trace_id" || name == "traceID" || name == "TraceID") exemplar.trace_id = value;
  if (name == "span_id" || name == "spanID" || name == "SpanID") exemplar.span_id = value;
}

bool TakeLabelMessage(absl::string_view message, SentExemplar& exemplar) {
  LabelView label;
  if (!ReadSentLabel(message, label)) return false;
  TakeLabel(label.name, label.value, exemplar);
  return true;
}

// In pairs, a name and its value.
class Places {
 public:
  Places(const SymbolTable& symbols, SentExemplar& exemplar)
      : symbols_(symbols), exemplar_(exemplar) {}

  bool Add(uint64_t place) {
    if (place >= symbols_.size()) return false;
    const absl::string_view text = symbols_[static_cast<uint32_t>(place)];
    if (has_name_) TakeLabel(name_, text, exemplar_);
    name_ = text;
    has_name_ = !has_name_;
    return true;
  }
  bool AddPacked(absl::string_view packed) {
    WireReader places(packed);
    while (places.position() != packed.data() + packed.size()) {
      const uint64_t place = places.Varint();
      if (!places.ok() || !Add(place)) return false;
    }
    return true;
  }

 private:
  const SymbolTable& symbols_;
  SentExemplar& exemplar_;
  absl::string_view name_;
  bool has_name_ = false;
};

}  // namespace

Exemplar SentExemplar::ToExemplar() const {
  return {time, value, std::string(trace_id), std::string(span_id)};
}

std::optional<SentExemplar> ReadSentExemplar(RemoteWriteVersion version, absl::string_view message,
                                             const SymbolTable& symbols) {
  const bool first = version == RemoteWriteVersion::kV1;
  SentExemplar exemplar;
  Places places(symbols, exemplar);
  bool sound = true;
  WireReader fields(message);
  while (sound && fields.Next()) {
    switch (fields.tag()) {
      case Tag(1, WireType::kBytes): {
        const absl::string_view labels = fields.Bytes();
        sound =
            fields.ok() && (first ? TakeLabelMessage(labels, exemplar) : places.AddPacked(labels));
        break;
      }
      case Tag(1, WireType::kVarint):
        sound = first ? (fields.Skip(), true) : places.Add(fields.Varint());
        break;
      case Tag(2, WireType::kFixed64):
        exemplar.value = fields.Double();
        break;
      case Tag(3, WireType::kVarint):
        exemplar.time = Timestamp::FromMillis(static_cast<int64_t>(fields.Varint()));
        break;
      default:
        fields.Skip();
    }
  }
  if (!sound || !fields.ok() || exemplar.trace_id.empty()) return std::nullopt;
  return exemplar;
}

}  // namespace tocsin::ingest
