#pragma once

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace tocsin {

// A bounded amount that many holders take parts of, so divided that one who wants everything leaves
// room for others: nobody may hold more than twice what is free. Alone one gets two thirds, two of
// them two fifths each, and who comes next always finds something. (The dynamic threshold of
// Choudhury and Hahne for shared buffers, with a factor of 2.)
//
// Thread: one at a time.
class FairShares {
 public:
  explicit FairShares(uint64_t amount_max) : amount_max_(amount_max) {}

  enum class Answer {
    kTaken,
    kFull,       // all of them together hold too much
    kOverShare,  // this one does
  };
  // "" is nobody in particular, to whom the whole alone is a bound.
  Answer Take(absl::string_view holder, uint64_t amount);
  // As Take, whatever is free.
  void TakeAnyway(absl::string_view holder, uint64_t amount);
  // What was taken before.
  void Give(absl::string_view holder, uint64_t amount);

  uint64_t used() const { return used_; }

 private:
  const uint64_t amount_max_;
  uint64_t used_ = 0;
  absl::flat_hash_map<std::string, uint64_t> held_;  // of those who hold something
};

}  // namespace tocsin
