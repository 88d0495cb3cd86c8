#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/labels.h"
#include "base/timestamp.h"
#include "engine/query/duplicates.h"
#include "engine/query/frame.h"

namespace tocsin::engine {

// When, and over which state of the table: what was computed at one moment holds for it.
struct Moment {
  int64_t t = INT64_MIN;
  uint64_t generation = UINT64_MAX;  // grows with every change of the table or its selectors
  // Of the whole query: `t`, but for what is inside a subquery.
  int64_t query_t = INT64_MIN;
  friend bool operator==(const Moment&, const Moment&) = default;
};

// Something to tell the user beside the result. The query adds the place in its text.
struct Note {
  bool warning = false;  // else an info
  std::string text;
  int part = 0;  // of several parts of the text it could speak of, which one
};

class Operator;
using OperatorPtr = std::shared_ptr<Operator>;

// One node of the graph of standing queries: rows with fixed labels, and a frame of their values at
// one moment.
//
// Evaluate() brings the inputs up to date, calls Index() if their rows changed, then Compute().
// Index() is where labels are looked at; Compute() is arithmetic. An operator is shared by all
// queries that contain it, so it is computed once per moment.
//
// Rows are only ever appended while layout() stays the same; who keeps something per row extends
// it, and starts anew when layout() grew.
//
// A scalar is an operator with one row that is always present and has no labels.
class Operator {
 public:
  explicit Operator(std::vector<OperatorPtr> inputs) : inputs_(std::move(inputs)) {}
  virtual ~Operator() = default;
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;

  absl::Status Evaluate(Moment moment);

  // Of the last evaluation.
  virtual const Frame& frame() const { return frame_; }
  size_t rows() const { return rows_; }
  uint64_t version() const { return version_; }  // grows when rows() or their labels change
  uint64_t layout() const { return layout_; }
  const std::vector<Note>& notes() const { return notes_; }

  virtual Labels LabelsOf(size_t row) const = 0;
  // The metric name of this row is to be dropped at the end (delayed name removal only).
  virtual bool drops_name(size_t) const { return false; }
  // Fills in the present rows in the order to show them; false if they have none. Call after
  // Evaluate().
  virtual bool Order(std::vector<uint32_t>& rows) const;
  // No two rows have equal labels; nor when metric names are left out.
  bool distinct() const { return distinct_; }
  bool distinct_without_name() const { return distinct_without_name_; }

  // Per row, the time of the newest sample that its value at `t` came from; INT64_MIN if none. Call
  // after Evaluate() at `t`.
  virtual std::vector<int64_t> Newest(int64_t t) const;
  // See QueryEngine::NextChange(); call after Evaluate() at `t`.
  virtual int64_t NextChange(int64_t t) const;

 protected:
  // The inputs' rows changed (or this is the first time): sets rows_, distinct_ and whatever maps
  // rows. Returns whether the rows of this operator changed.
  virtual bool Index() = 0;
  virtual bool IndexIsStale() const;
  // Fills frame_ with the values at `t`; inputs are evaluated.
  virtual absl::Status Compute(int64_t t) = 0;

  const Operator& input(size_t i) const { return *inputs_[i]; }
  const Frame& in(size_t i) const { return inputs_[i]->frame(); }
  double scalar(size_t i) const { return inputs_[i]->frame().value(0); }
  size_t inputs() const { return inputs_.size(); }

  // Takes over the rows of input(i), one to one. Returns whether they changed.
  bool TakeRowsOf(size_t i);
  // Of the last evaluation.
  Moment moment() const { return moment_; }
  // The last evaluation was at `t` and came to an end.
  bool EvaluatedAt(int64_t t) const { return moment_.t == t && status_.ok(); }
  // For the rare operator whose rows come up with values: rows were added during Compute().
  void RowsChanged() { ++version_; }
  // Looks for rows with equal labels, to be refused when both are present: among those that were
  // appended since the last call, or all if layout_ grew. Sets distinct_.
  void FindDuplicates();

  Frame frame_;
  std::vector<Note> notes_;
  size_t rows_ = 0;
  uint64_t layout_ = 0;
  bool distinct_ = true;
  bool distinct_without_name_ = true;

 private:
  absl::Status EvaluateAnew(Moment moment);

  std::vector<OperatorPtr> inputs_;
  std::vector<uint64_t> seen_versions_;
  uint64_t version_ = 0;
  DuplicateRows duplicates_;
  uint64_t duplicates_layout_ = 0;  // what duplicates_ was made for
  Moment moment_;
  absl::Status status_;
};

// `labels` without the metric name.
Labels WithoutName(const Labels& labels);

}  // namespace tocsin::engine
