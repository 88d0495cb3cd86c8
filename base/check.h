#pragma once

#include <sstream>
#include <string>

namespace tocsin::internal {

// Collects the message of a failed CHECK and ends the process with it when destroyed.
class CheckFailure {
 public:
  CheckFailure(const char* file, int line, const char* condition);
  [[noreturn]] ~CheckFailure();
  std::ostream& stream() { return stream_; }

 private:
  std::ostringstream stream_;
};

}  // namespace tocsin::internal

// A broken invariant of ours: ends the process, in release builds too. Bad input gets a Status
// instead.
//   TOCSIN_CHECK(row < rows.size()) << "row " << row;
#define TOCSIN_CHECK(condition) \
  if (condition) [[likely]] {   \
  } else                        \
    ::tocsin::internal::CheckFailure(__FILE__, __LINE__, #condition).stream()
