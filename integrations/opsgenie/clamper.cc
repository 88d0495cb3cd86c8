#include "integrations/opsgenie/clamper.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "integrations/page/clamp.h"
#include "integrations/page/page_text.h"

namespace tocsin::opsgenie {

std::string Clamper::Middle(const char* field, const std::string& text, size_t max) {
  return Note(field, text, page::ClampMiddle(text, max));
}

std::string Clamper::End(const char* field, const std::string& text, size_t max) {
  return Note(field, text, page::ClampEnd(text, max));
}

std::vector<std::string> Clamper::Items(const char* field, const std::vector<std::string>& items,
                                        size_t items_max, size_t length_max) {
  std::vector<std::string> out;
  size_t dropped = 0;
  for (const std::string& item : items) {
    const std::string text = page::Stripped(item);
    if (text.empty()) continue;
    std::string clamped = Middle(field, text, length_max);
    if (std::count(out.begin(), out.end(), clamped) > 0) continue;
    if (out.size() == items_max)
      ++dropped;
    else
      out.push_back(std::move(clamped));
  }
  Dropped(field, dropped);
  return out;
}

void Clamper::Dropped(const char* field, size_t count) {
  if (count > 0) cuts_.push_back(absl::StrCat(field, " (", count, " left out)"));
}

std::string Clamper::Cuts() const {
  return page::ClampMiddle(absl::StrJoin(cuts_, ", "), kCutsMax);
}

std::string Clamper::Note(const char* field, const std::string& text, std::string clamped) {
  const size_t before = page::CountCodePoints(page::ValidUtf8(text));
  if (before > page::CountCodePoints(clamped)) {
    cuts_.push_back(absl::StrCat(field, " (was ", before, " characters)"));
  }
  return clamped;
}

}  // namespace tocsin::opsgenie
