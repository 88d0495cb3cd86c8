#pragma once

namespace tocsin {

// What KillPoint() calls. Null in every program but the one tests are made with
// (tests/kill/killable_main.cc), which sets it before it starts anything; no input, option or
// environment variable reaches it. A variable, although there are to be no global ones: what it
// stands for, the death of the process, has no owner.
inline void (*kill_point_hook)(const char* name) = nullptr;

// Names a moment at which tests end the process, as kill -9 does, to see what the next start makes
// of what is on disk. The name is unique: folder or object, then the moment,
// "log_append.before_write". tests/kill reads all names from the sources and reaches each of them.
//
// Costs a comparison; belongs beside what writes or sends, not into inner loops. Thread: any.
inline void KillPoint(const char* name) {
  if (kill_point_hook != nullptr) [[unlikely]] {
    kill_point_hook(name);
  }
}

}  // namespace tocsin
