#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "integrations/delivery/receiver.h"

// The configuration as YAML. Every text is double-quoted, so that nothing in it can be read as
// YAML.
namespace tocsin::app {

std::string Quote(absl::string_view text);

// Lines of YAML at a growing depth.
class ConfigWriter {
 public:
  void Line(absl::string_view text) {
    absl::StrAppend(&out_, std::string(depth_ * 2, ' '), item_ ? "- " : "", text, "\n");
    if (std::exchange(item_, false)) ++depth_;
  }
  void Text(absl::string_view key, absl::string_view value) {
    Line(absl::StrCat(key, ": ", Quote(value)));
  }
  void Texts(absl::string_view key, const std::vector<std::string>& values) {
    std::string list;
    for (const std::string& value : values) {
      absl::StrAppend(&list, list.empty() ? "" : ", ", Quote(value));
    }
    Line(absl::StrCat(key, ": [", list, "]"));
  }
  void Begin(absl::string_view key) {
    Line(absl::StrCat(key, ":"));
    ++depth_;
  }
  void End() { --depth_; }
  // The next line begins an item of a list; what follows belongs to it until End().
  void Item() { item_ = true; }

  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
  size_t depth_ = 0;
  bool item_ = false;
};

// `receivers`, secrets as "<redacted>".
void PrintReceivers(const delivery::ReceiversAndRoutes& routing, ConfigWriter& writer);

// `authorization` or `basic_auth`, nothing if there is neither; secrets as "<redacted>".
void PrintAuthorization(const http_client::Credentials& credentials, ConfigWriter& writer);

void PrintResponders(absl::string_view key,
                     const std::vector<opsgenie::ResponderTemplate>& responders,
                     ConfigWriter& writer);

}  // namespace tocsin::app
