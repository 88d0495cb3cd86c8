#pragma once

#include <vector>

#include "app/otlp_senders.h"
#include "base/mutex.h"
#include "engine/evidence.h"

namespace tocsin::app {

// What OtlpSenders know, for those who ask before there are any and after: pages and explanations.
//
// Thread: any.
class SendersGate : public engine::EvidenceSource {
 public:
  // Null: there are none. Once it returns, nobody asks those that were there before.
  void Set(const OtlpSenders* senders);

  std::vector<http::ExplainedNote> NotesOf(const Labels& series) const;
  std::vector<state::v1::PageEvidence> Find(const engine::EvidenceQuestion& question,
                                            size_t& series_left) const override;

 private:
  mutable Mutex mutex_;
  const OtlpSenders* senders_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace tocsin::app
