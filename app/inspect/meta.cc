#include "app/inspect/meta.h"

#include <algorithm>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"
#include "proto/tocsin/state/v1/state.pb.h"
#include "storage/codec.h"
#include "storage/keys.h"

namespace tocsin::app::inspect {
namespace {

using state::v1::ClockRecord;
using storage::Family;

absl::Status AddNumber(const std::string& name, absl::string_view value, Section& section) {
  TOCSIN_ASSIGN_OR_RETURN(const uint64_t number, storage::DecodeNumber(value));
  section.facts.emplace_back(name, number);
  return absl::OkStatus();
}

absl::Status AddClock(const Records& records, absl::string_view shard, absl::string_view value,
                      Section& section) {
  ClockRecord clock;
  TOCSIN_RETURN_IF_ERROR(storage::DecodeMessage(value, clock));
  const Json hold_until = clock.hold_until_ms() == 0
                              ? Json("")
                              : TimeCell(Timestamp::FromMillis(clock.hold_until_ms()));
  records.AddRow(section, {std::string(shard),
                           TimeCell(Timestamp::FromMillis(clock.evaluated_ms())), hold_until});
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Section> MetaSection(Records& records) {
  Section section;
  section.name = "meta";
  section.columns = {"shard", "evaluated", "hold_until"};
  uint64_t blocks = 0;
  uint64_t datadog_hosts = 0;
  Json others = Json::array();
  const auto visit = [&](absl::string_view key, absl::string_view value) {
    if (key == storage::kMetaFormat) return AddNumber("format", value, section);
    if (key == storage::kMetaLogStart) return AddNumber("log_start", value, section);
    absl::string_view rest = key;
    if (absl::ConsumePrefix(&rest, storage::kMetaClockPrefix)) {
      return AddClock(records, rest, value, section);
    }
    if (absl::ConsumePrefix(&rest, storage::kMetaBlockPrefix)) {
      ++blocks;
      state::v1::BlockRecord block;
      TOCSIN_RETURN_IF_ERROR(storage::DecodeMessage(value, block));
      if (storage::BlockKey(block.first_offset()) == key) return absl::OkStatus();
      return absl::DataLossError("lies under the key of another block");
    }
    if (absl::ConsumePrefix(&rest, storage::kMetaDatadogHostPrefix)) {
      ++datadog_hosts;
      state::v1::DatadogHostRecord host;
      return storage::DecodeMessage(value, host);
    }
    others.push_back(absl::CHexEscape(key));
    return absl::OkStatus();
  };
  TOCSIN_RETURN_IF_ERROR(records.ForEach(Family::kMeta, visit));
  section.facts.emplace_back("blocks", blocks);
  if (datadog_hosts > 0) section.facts.emplace_back("datadog_hosts", datadog_hosts);
  if (!others.empty()) section.facts.emplace_back("other_keys", std::move(others));
  return section;
}

absl::StatusOr<std::optional<Timestamp>> LastEvaluation(const storage::Store& store) {
  std::optional<Timestamp> last;
  const std::string prefix = storage::kMetaClockPrefix;
  TOCSIN_RETURN_IF_ERROR(store.Scan(
      Family::kMeta, prefix, storage::PrefixEnd(prefix),
      [&](absl::string_view /*key*/, absl::string_view value) {
        ClockRecord clock;
        if (storage::DecodeMessage(value, clock).ok()) {
          last = std::max(last, std::optional(Timestamp::FromMillis(clock.evaluated_ms())));
        }
        return true;
      }));
  return last;
}

}  // namespace tocsin::app::inspect
