#include "integrations/datadog/json_picker.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace tocsin::datadog {
namespace {

using Json = nlohmann::json;

// Builds one value from the parser's events, up to a number of values.
class PieceBuilder {
 public:
  bool active() const { return active_; }
  void Begin() {
    active_ = true;
    too_large_ = false;
    values_ = 0;
    piece_ = Json();
    open_.clear();
  }
  // True when the piece is complete.
  bool Value(Json value, bool opens) {
    if (++values_ > kJsonPieceValuesMax) {
      // What is there is given up, the events go on to be counted.
      too_large_ = true;
      piece_ = Json();
    }
    Json* placed = too_large_ ? nullptr : Place(std::move(value));
    if (opens) open_.push_back(placed);
    return open_.empty();
  }
  void Key(std::string key) { key_ = std::move(key); }
  bool Close() {
    open_.pop_back();
    return open_.empty();
  }
  bool too_large() const { return too_large_; }
  Json Take() {
    active_ = false;
    return std::move(piece_);
  }

 private:
  // A parent does not grow while one of its values is open, so that pointers stay.
  Json* Place(Json value) {
    if (open_.empty()) {
      piece_ = std::move(value);
      return &piece_;
    }
    Json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    Json& member = parent[key_];
    member = std::move(value);
    return &member;
  }

  bool active_ = false;
  bool too_large_ = false;
  size_t values_ = 0;
  Json piece_;
  std::vector<Json*> open_;  // null where the piece was given up
  std::string key_;
};

// Watches the parser's events and builds the pieces that `wanted` chooses where they begin.
class Picker : public nlohmann::json_sax<Json> {
 public:
  // Depth of a value: 0 is the document. `key`: of the member of the document in which it is.
  using Wanted = std::function<bool(size_t depth, bool is_object, const std::string& key)>;
  using Take = std::function<absl::Status(const std::string& key, Json piece, bool too_large)>;

  Picker(Wanted wanted, Take take) : wanted_(std::move(wanted)), take_(std::move(take)) {}

  const absl::Status& status() const { return status_; }

  bool null() override { return Scalar(nullptr); }
  bool boolean(bool value) override { return Scalar(value); }
  bool number_integer(number_integer_t value) override { return Scalar(value); }
  bool number_unsigned(number_unsigned_t value) override { return Scalar(value); }
  bool number_float(number_float_t value, const string_t&) override { return Scalar(value); }
  bool string(string_t& value) override { return Scalar(std::move(value)); }
  bool binary(binary_t&) override { return Fail(absl::InvalidArgumentError("not JSON")); }
  bool key(string_t& value) override {
    if (builder_.active()) {
      builder_.Key(std::move(value));
    } else if (depth_ == 1) {
      key_ = std::move(value);
    }
    return true;
  }
  bool start_object(size_t) override { return Open(true); }
  bool start_array(size_t) override { return Open(false); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool parse_error(size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    return Fail(absl::InvalidArgumentError(absl::StrCat("not JSON, at byte ", position)));
  }

 private:
  bool Fail(absl::Status status) {
    if (status_.ok()) status_ = std::move(status);
    return false;
  }
  bool Finish() {
    const bool too_large = builder_.too_large();
    absl::Status taken = take_(key_, builder_.Take(), too_large);
    return taken.ok() || Fail(std::move(taken));
  }
  void BeginIfWanted(bool is_object) {
    if (!builder_.active() && wanted_(depth_, is_object, key_)) builder_.Begin();
  }
  template <typename Value>
  bool Scalar(Value&& value) {
    BeginIfWanted(false);
    if (!builder_.active()) return true;
    return !builder_.Value(Json(std::forward<Value>(value)), false) || Finish();
  }
  bool Open(bool is_object) {
    BeginIfWanted(is_object);
    if (builder_.active()) builder_.Value(is_object ? Json::object() : Json::array(), true);
    if (++depth_ <= kJsonDepthMax) return true;
    return Fail(absl::InvalidArgumentError(absl::StrCat("nested deeper than ", kJsonDepthMax)));
  }
  bool Close() {
    --depth_;
    return !builder_.active() || !builder_.Close() || Finish();
  }

  const Wanted wanted_;
  const Take take_;
  absl::Status status_;
  size_t depth_ = 0;  // of the next value
  std::string key_;
  PieceBuilder builder_;
};

absl::Status Parse(absl::string_view text, Picker& picker) {
  const bool parsed = Json::sax_parse(text.begin(), text.end(), &picker);
  if (!picker.status().ok()) return picker.status();
  return parsed ? absl::OkStatus() : absl::InvalidArgumentError("not JSON");
}

}  // namespace

absl::Status ForEachJsonElement(absl::string_view text, absl::string_view key, const TakeJson& take,
                                size_t* too_large) {
  const auto wanted = [&](size_t depth, bool is_object, const std::string& at) {
    if (key.empty()) return depth == 1 || (depth == 0 && is_object);
    return depth == 2 && key == at;
  };
  Picker picker(wanted, [&](const std::string&, Json piece, bool left_out) {
    if (!left_out) return take(piece);
    ++*too_large;
    return absl::OkStatus();
  });
  return Parse(text, picker);
}

absl::StatusOr<Json> ReadJsonMembers(absl::string_view text,
                                     const std::vector<std::string>& names) {
  Json members = Json::object();
  bool is_object = false;
  const auto wanted = [&](size_t depth, bool object, const std::string& key) {
    if (depth == 0) is_object = object;
    return depth == 1 && is_object && std::find(names.begin(), names.end(), key) != names.end();
  };
  Picker picker(wanted, [&](const std::string& key, Json piece, bool left_out) {
    if (!left_out) members[key] = std::move(piece);
    return absl::OkStatus();
  });
  if (absl::Status status = Parse(text, picker); !status.ok()) return status;
  return members;
}

}  // namespace tocsin::datadog
