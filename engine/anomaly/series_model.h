#pragma once

#include <cstdint>
#include <string>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "engine/anomaly/envelope.h"

namespace tocsin::anomaly {

inline constexpr int kDailySlots = 96;    // of 15 minutes
inline constexpr int kWeeklySlots = 168;  // hours, from Monday 00:00
inline constexpr int kPredictors = 3;     // level, daily profile, weekly profile

// All values are held relative to the first one (`origin`), so that single precision is enough.

// What the series is expected to be, three ways.
struct PatternState {
  float daily[kDailySlots];
  float weekly[kWeeklySlots];
  uint8_t daily_seen[kDailySlots];  // points learned, up to 255
  uint8_t weekly_seen[kWeeklySlots];
  float hourly_scale[24];     // usual residual by hour of day
  float scale;                // and at any time
  float offset[kPredictors];  // of the level: the level itself
  float error[kPredictors];   // running mean of |residual|
  uint32_t picked;            // the predictor that is used
  uint32_t used;              // bits of those that have taken over
  float relearn_days;         // left since another one took over
};

// The views of the series that the channels look at, and what was seen of them.
struct ViewState {
  float mean6;  // of the value, over 6 and 60 points
  float mean60;
  float drift;   // of the deviation, over 6 points
  float scale6;  // usual distance from the level, clipped at 6 and 3 times itself
  float scale3;
  float density6;  // share of points farther than that
  float density3;
  float equal_share;  // share of steps without a change
  float last_value;
  float change_scale;  // usual size of a step, clipped at 6 times itself
  float change;        // the last step in such scales
  uint32_t run;        // steps without a change up to now
  float block;         // points in the block that fills
  Envelope range;      // residuals
  Envelope level6;
  Envelope level60;
  Envelope dense6;
  Envelope dense3;
  Envelope runs;             // log(1 + run)
  LaggedEnvelope deviation;  // short memory, in scales
  LaggedEnvelope drifts;
  LaggedEnvelope long_deviation;  // long memory of the same
  LaggedEnvelope long_drifts;
  LaggedEnvelope long_changes;
};

// What an incident opened for, which decides when it is over.
enum class Cause : uint32_t { kOutside = 0, kStandstill = 1, kStepUp = 2, kStepDown = 3 };

struct IncidentState {
  int64_t regime_until_ms;  // the level before an accepted one counts until then
  float regime_shift;       // from it to the accepted one
  uint32_t open;
  uint32_t picked;  // predictor, offset and band when it opened
  float offset;
  float lower;
  float upper;
  uint32_t cause;  // Cause
  float age;       // points
  float hold;      // points after which it is accepted
  float inside;    // points back in the band in a row
  float mean;      // of the deviation from what was expected when it opened
  float largest_mean;
  float hot;            // points of evidence in a row
  float rested;         // points since the last close
  float accepted;       // levels that were accepted, half forgotten after a half-life
  Extremes deviations;  // while open
  Extremes drifts;
  Extremes changes;
};

// Everything that was learned of one series, and its incident: plain bytes of a fixed size, to be
// copied, stored and brought back as they are. All zero is a series of which nothing was seen.
//
// Detector alone reads and writes what is inside.
struct SeriesModel {
  int64_t first_ms = 0;
  int64_t last_ms = 0;
  double origin = 0;
  uint64_t points = 0;
  IncidentState incident = {};
  float step_s = 0;        // usual time between points
  uint32_t zone_hint = 0;  // for LocalClock
  uint32_t learned = 0;    // the last point was judged
  uint32_t reserved = 0;
  PatternState pattern = {};
  ViewState views = {};
};

static_assert(std::is_trivially_copyable_v<SeriesModel>);
// No padding: equal models have equal bytes.
static_assert(sizeof(PatternState) == 4 * (96 + 168 + 24 + 10) + 96 + 168);
static_assert(sizeof(LaggedEnvelope) == 36 && sizeof(Envelope) == 12);
static_assert(sizeof(ViewState) == 4 * 13 + 6 * 12 + 5 * 36);
static_assert(sizeof(IncidentState) == 8 + 4 * 22);
static_assert(sizeof(SeriesModel) ==
              48 + sizeof(IncidentState) + sizeof(PatternState) + sizeof(ViewState));
static_assert(sizeof(SeriesModel) <= 4096);

// The bytes of a model: version, size, then the model itself (little endian). The same model has
// the same bytes, and a model that is brought back goes on bit by bit as if it had never been away.
std::string SerializeModel(const SeriesModel& model);

// DataLoss if the bytes are not those of a model, FailedPrecondition if their version is not ours:
// then learn anew from history.
absl::Status ParseModel(absl::string_view bytes, SeriesModel& model);

}  // namespace tocsin::anomaly
