#include "app/senders_gate.h"

namespace tocsin::app {

void SendersGate::Set(const OtlpSenders* senders) {
  MutexLock lock(mutex_);
  senders_ = senders;
}

std::vector<http::ExplainedNote> SendersGate::NotesOf(const Labels& series) const {
  MutexLock lock(mutex_);
  return senders_ == nullptr ? std::vector<http::ExplainedNote>() : senders_->NotesOf(series);
}

std::vector<state::v1::PageEvidence> SendersGate::Find(const engine::EvidenceQuestion& question,
                                                       size_t& series_left) const {
  MutexLock lock(mutex_);
  return senders_ == nullptr ? std::vector<state::v1::PageEvidence>()
                             : senders_->EvidenceOf(question, series_left);
}

}  // namespace tocsin::app
