#pragma once

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <string>

namespace tocsin::ingest {

// Sanitizers keep freed memory aside for a while: what is resident says nothing then.
#if defined(__SANITIZE_ADDRESS__) || defined(TOCSIN_TSAN)
inline constexpr bool kPeakIsMeaningful = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kPeakIsMeaningful = false;
#else
inline constexpr bool kPeakIsMeaningful = true;
#endif
#else
inline constexpr bool kPeakIsMeaningful = true;
#endif

// How much more memory the process had resident, at most, than when this was made; 0 if that cannot
// be known.
class PeakMemory {
 public:
  // The kernel forgets earlier peaks, so that no test hides behind another one's.
  PeakMemory() {
    std::ofstream("/proc/self/clear_refs") << "5";
    start_kib_ = PeakKiB();
  }
  // Never negative, though the kernel's own count lags a little.
  size_t grown_kib() const {
    return kPeakIsMeaningful ? std::max(PeakKiB(), start_kib_) - start_kib_ : 0;
  }

 private:
  static size_t PeakKiB() {
    std::ifstream status("/proc/self/status");
    std::string word;
    while (status >> word) {
      size_t kib = 0;
      if (word == "VmHWM:" && status >> kib) return kib;
    }
    return 0;
  }

  size_t start_kib_ = 0;
};

}  // namespace tocsin::ingest
