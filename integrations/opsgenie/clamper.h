#pragma once

#include <string>
#include <vector>

namespace tocsin::opsgenie {

inline constexpr size_t kCutsMax = 390;  // code points of Clamper::Cuts()

// Makes the fields of one page fit, and remembers what that took away from them.
class Clamper {
 public:
  std::string Middle(const char* field, const std::string& text, size_t max);
  std::string End(const char* field, const std::string& text, size_t max);
  // Clamps each item, leaves out blank and repeated ones, and keeps the first `items_max`.
  std::vector<std::string> Items(const char* field, const std::vector<std::string>& items,
                                 size_t items_max, size_t length_max);
  // So many items of the field are left out.
  void Dropped(const char* field, size_t count);

  bool any() const { return !cuts_.empty(); }
  // "message (was 140 characters), tags (2 left out)"
  std::string Cuts() const;

 private:
  std::string Note(const char* field, const std::string& text, std::string clamped);

  std::vector<std::string> cuts_;
};

}  // namespace tocsin::opsgenie
