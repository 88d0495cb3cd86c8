#pragma once

#include <ostream>
#include <string>
#include <utility>

namespace tocsin {

// A value that must not reach a log line, an error or a metric: it prints as "<redacted>", and only
// Reveal() gives it away. Every call of Reveal() is a place to look at in a review.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  const std::string& Reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

  friend bool operator==(const Secret&, const Secret&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Secret&) { return out << "<redacted>"; }

 private:
  std::string value_;
};

}  // namespace tocsin
