#include "engine/query/operator.h"

#include <algorithm>

#include "base/status_macros.h"

namespace tocsin::engine {

absl::Status Operator::Evaluate(Moment moment) {
  if (moment == moment_) return status_;
  moment_ = moment;
  notes_.clear();
  status_ = EvaluateAnew(moment);
  return status_;
}

absl::Status Operator::EvaluateAnew(Moment moment) {
  for (const OperatorPtr& input : inputs_) TOCSIN_RETURN_IF_ERROR(input->Evaluate(moment));
  if (IndexIsStale()) {
    if (Index()) ++version_;
    if (duplicates_layout_ != layout_) duplicates_.Clear();  // of rows that are no more
    seen_versions_.clear();
    for (const OperatorPtr& input : inputs_) seen_versions_.push_back(input->version());
  }
  TOCSIN_RETURN_IF_ERROR(Compute(moment.t));
  if (!duplicates_.empty() && duplicates_.Collide(frame())) {
    return absl::InvalidArgumentError("vector cannot contain metrics with the same labelset");
  }
  return absl::OkStatus();
}

bool Operator::IndexIsStale() const {
  if (version_ == 0 || seen_versions_.size() != inputs_.size()) return true;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i]->version() != seen_versions_[i]) return true;
  }
  return false;
}

bool Operator::TakeRowsOf(size_t i) {
  rows_ = inputs_[i]->rows();
  layout_ = inputs_[i]->layout();
  return true;
}

void Operator::FindDuplicates() {
  if (duplicates_layout_ != layout_) duplicates_.Clear();
  duplicates_layout_ = layout_;
  duplicates_.Extend(rows_, [this](size_t row) { return LabelsOf(row).Fingerprint(); });
  distinct_ = duplicates_.empty();
}

std::vector<int64_t> Operator::Newest(int64_t t) const {
  return inputs_.empty() ? std::vector<int64_t>(rows_, INT64_MIN) : inputs_[0]->Newest(t);
}

bool Operator::Order(std::vector<uint32_t>&) const {
  return false;
}

int64_t Operator::NextChange(int64_t t) const {
  int64_t next = INT64_MAX;
  for (const OperatorPtr& input : inputs_) next = std::min(next, input->NextChange(t));
  return next;
}

Labels WithoutName(const Labels& labels) {
  if (labels.metric_name().empty()) return labels;
  return LabelsBuilder(labels).Delete(kMetricName).Build();
}

}  // namespace tocsin::engine
