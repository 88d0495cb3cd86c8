#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "engine/anomaly/local_clock.h"
#include "engine/anomaly/options.h"
#include "engine/anomaly/parameters.h"
#include "engine/anomaly/series_model.h"
#include "engine/anomaly/verdict.h"

namespace tocsin::anomaly {

// What is known of a point besides its value.
struct Circumstances {
  int days_later = 0;   // the day is as the one so many days later: a holiday as a Sunday
  float tolerance = 1;  // all thresholds of this series are multiplied by it
};

// Tells whether a value is unlike anything a series has shown within memory. Constant: one for all
// series of a monitor, while what was learned of each is in its SeriesModel.
//
//   const Detector detector(options);
//   SeriesModel model;                                  // zero: nothing seen
//   Verdict verdict = detector.Update(model, time_ms, value);
//   if (verdict.opened) Page(Reason(verdict));
//
// Idea: predict the value (level, daily or weekly profile, whichever has been best), and ask not
// how improbable the residual is but by how much it exceeds all residuals that are remembered
// (envelope.h). That needs no distribution, copes with heavy tails, and the memory is itself the
// band that is plotted. Several channels ask this of different views of the series; the score is
// the largest of their answers (channels.h). An incident opens on repeated or extreme evidence and
// stays open until the series is back in its band, or for a day (incident.h).
//
// Thread: any; Update() writes to the model alone. Cost: O(1), no allocation.
class Detector {
 public:
  // `options` must be valid (Validate).
  explicit Detector(const DetectorOptions& options);
  // With other constants than those of the preset; for tests and measurements.
  Detector(const DetectorOptions& options, const Parameters& parameters);

  // InvalidArgument names the option that is out of its range.
  static absl::Status Validate(const DetectorOptions& options);

  // Judges the next point of a series, then learns it. `time_ms`: since the Unix epoch, UTC.
  //
  // A value that is not finite changes nothing, nor does a time that is not after the last one:
  // such a verdict has `judged` false and the state as it was. The first points of a series are
  // learned without judgement (State::kLearning).
  //
  Verdict Update(SeriesModel& model, int64_t time_ms, double value,
                 const Circumstances& circumstances = {}) const;

  // What people say of the incident that is open; without one nothing changes. Either ends it.
  // Memory takes in what it was like, so that it is not new another time.
  void Forgive(SeriesModel& model) const;
  // Where the series is now is what is expected.
  void Accept(SeriesModel& model) const;

  const DetectorOptions& options() const { return options_; }

 private:
  Verdict Judge(SeriesModel& model, int64_t time_ms, float x,
                const Circumstances& circumstances) const;

  DetectorOptions options_;
  Constants constants_;
  LocalClock clock_;
};

}  // namespace tocsin::anomaly
