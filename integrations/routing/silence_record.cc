#include "integrations/routing/silence_record.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "proto/tocsin/state/v1/state.pb.h"
#include "storage/codec.h"

namespace tocsin::routing {
namespace {

using delivery::Matcher;
using state::v1::SilenceMatcher;
using state::v1::SilenceRecord;

SilenceMatcher::Type TypeOf(Matcher::Op op) {
  switch (op) {
    case Matcher::Op::kEqual:
      return SilenceMatcher::EQUAL;
    case Matcher::Op::kNotEqual:
      return SilenceMatcher::NOT_EQUAL;
    case Matcher::Op::kMatch:
      return SilenceMatcher::REGEXP;
    case Matcher::Op::kNotMatch:
      return SilenceMatcher::NOT_REGEXP;
  }
  return SilenceMatcher::EQUAL;
}

absl::StatusOr<Matcher::Op> OpOf(SilenceMatcher::Type type) {
  switch (type) {
    case SilenceMatcher::EQUAL:
      return Matcher::Op::kEqual;
    case SilenceMatcher::NOT_EQUAL:
      return Matcher::Op::kNotEqual;
    case SilenceMatcher::REGEXP:
      return Matcher::Op::kMatch;
    case SilenceMatcher::NOT_REGEXP:
      return Matcher::Op::kNotMatch;
    default:  // a message may hold any number
      return absl::DataLossError(absl::StrCat("silence: matcher of the unknown type ", type));
  }
}

}  // namespace

std::string EncodeSilence(const Silence& silence) {
  SilenceRecord record;
  record.set_id(silence.id);
  for (const Matcher& matcher : silence.matchers) {
    SilenceMatcher& added = *record.add_matchers();
    added.set_name(matcher.name());
    added.set_type(TypeOf(matcher.op()));
    added.set_value(matcher.value());
  }
  record.set_starts_at_ms(silence.starts_at.millis());
  record.set_ends_at_ms(silence.ends_at.millis());
  record.set_updated_at_ms(silence.updated_at.millis());
  record.set_created_by(silence.created_by);
  record.set_comment(silence.comment);
  return storage::EncodeMessage(record);
}

absl::StatusOr<Silence> DecodeSilence(absl::string_view value) {
  SilenceRecord record;
  TOCSIN_RETURN_IF_ERROR(storage::DecodeMessage(value, record));
  Silence silence;
  silence.id = record.id();
  for (const SilenceMatcher& stored : record.matchers()) {
    TOCSIN_ASSIGN_OR_RETURN(const Matcher::Op op, OpOf(stored.type()));
    auto matcher = Matcher::Make(stored.name(), op, stored.value());
    if (!matcher.ok()) {
      return absl::DataLossError(
          absl::StrCat("silence: ", std::string(matcher.status().message())));
    }
    silence.matchers.push_back(*std::move(matcher));
  }
  silence.starts_at = Timestamp::FromMillis(record.starts_at_ms());
  silence.ends_at = Timestamp::FromMillis(record.ends_at_ms());
  silence.updated_at = Timestamp::FromMillis(record.updated_at_ms());
  silence.created_by = record.created_by();
  silence.comment = record.comment();
  return silence;
}

}  // namespace tocsin::routing
