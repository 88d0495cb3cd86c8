#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/timestamp.h"
#include "integrations/http/http_client.h"
#include "proto/tocsin/state/v1/state.pb.h"

// What delivery knows of a receiver's target, whatever it speaks.
namespace tocsin::delivery {

using state::v1::DesiredPage;
using state::v1::TargetDelivery;

// Which target: the receiver, and the position in its list of that kind.
struct TargetKey {
  std::string receiver;
  TargetDelivery::Kind kind = TargetDelivery::OPSGENIE;
  uint32_t index = 0;

  friend auto operator<=>(const TargetKey&, const TargetKey&) = default;
};
TargetKey KeyOf(const TargetDelivery& record);
void SetKey(const TargetKey& key, TargetDelivery& record);

enum class Action {
  kNone,  // the target is as wanted, or nothing can be done
  kCreate,
  kClose,
  kUpdate,  // the page as a whole, where fields are not sent one by one
  kRepeat,  // what was confirmed once more: the other side forgets, or a lost request may come late
  kSetPriority,
  kSetMessage,
  kSetDescription,
  kAddDetails,
  kRemoveTags,
  kAddTags,
  kAddResponder,
  kEscalateToNext,
  kAddNote,
  kPoll,    // ask for the outcome of an accepted request
  kLookup,  // ask whether the alert is there
};
const char* ActionName(Action action);
// Whether somebody learns something new from it: not for an alert that is held. Closes may always
// go, and what was told may be kept alive.
bool Tells(Action action);
// Whether it tells the page as a whole, so that it may notify: not a field that changes.
bool NotifiesAgain(Action action);
// Whether it brings one of those whom a step of escalation names.
bool AddsResponder(Action action);

struct Step {
  Action action = Action::kNone;
  int64_t due_ms = 0;  // not before
  bool owed = true;    // false: the target is as wanted; this keeps it so
};

// A request and what it said, so that the record can follow when the answer comes. Kinds leave out
// what they do not need.
struct Sent {
  Action action = Action::kNone;
  uint64_t sequence = 0;
  uint64_t episode = 0;
  std::string priority;
  std::string message;
  uint64_t description_hash = 0;  // of all that a page says, where it is sent as a whole
  std::vector<std::pair<std::string, std::string>> details;  // as an update would send them
  std::vector<std::string> tags;     // all that are wanted; of kRemoveTags those that are not
  std::string labels;                // canonical; of a page whose labels name it
  std::vector<uint64_t> responders;  // hashes of those of escalation that are there then
  uint32_t level = 0;
  uint64_t account_hash = 0;
  int64_t sent_ms = 0;
  int64_t starts_ms = 0;  // what was said of since when the page holds
  http_client::HttpRequest request;
};

// What became of a request; the word is the metric's label.
enum class Outcome {
  kNone,     // nothing to count: still pending
  kCreated,  // confirmed: the page is open
  kClosed,   // confirmed, or found gone
  kUpdated,  // an open page says what it is to say
  kNoted,
  kRepeated,   // an open page was told once more
  kRetried,    // server trouble or not reached: again later
  kThrottled,  // 429
  kUnknown,    // the answer was lost
  kRejected,   // the page as such: repaired and sent again; an update that is refused is left out
  kDiscarded,  // accepted, and then not done
  kBlocked,    // the key or URL does not work
  kGaveUp,     // even the minimal page was refused
  kFolded,     // opened and closed before anything was sent
  kVanished,   // its receiver is gone from the configuration
  kClosedByOthers,  // an update found the page closed, or gone
  kUnconfirmed,     // accepted, but the key may not ask what became of it
};
inline constexpr int kOutcomes = static_cast<int>(Outcome::kUnconfirmed) + 1;
const char* OutcomeName(Outcome outcome);

// What the answer says about the account behind the target. A read or an update that is refused
// says nothing: a key may be allowed to create and close only.
enum class AccountSign { kNone, kWell, kThrottled, kRefused, kFailing };

struct Effect {
  Outcome outcome = Outcome::kNone;
  AccountSign sign = AccountSign::kWell;
  absl::Duration wait;           // kThrottled: what the server asked for, or zero
  bool accepted_create = false;  // a create was accepted
  std::string error;             // for the log; "" if all went well
};

// Waiting times. A page may take long to be confirmed, so everything here is about asking politely,
// not about giving up.
inline constexpr int64_t kUncertainMs = 60'000;     // how late a lost request may come true
inline constexpr int64_t kGaveUpRetryMs = 300'000;  // after a page was refused, then doubled
inline constexpr int64_t kGaveUpRetryMaxMs = 3'600'000;
// How long a step of escalation, or telling it again, waits for a look at what people did.
inline constexpr int64_t kReadFirstMaxMs = 30'000;
inline constexpr int64_t kBackoffFirstMs = 500;
inline constexpr int64_t kBackoffMaxMs = 30'000;
// Exponential in `attempts` (from 1), between half and one and a half of it by `jitter` in [0, 1).
int64_t BackoffMs(uint32_t attempts, double jitter);
// How long to wait after a page was refused for good, `give_ups` times in a row before.
int64_t GaveUpWaitMs(uint32_t give_ups);

// One place that pages go to. Its functions decide what a page needs there and what an answer
// changes in the record; they do no I/O and keep nothing themselves.
//
// Thread: any; immutable. Delivery calls it under its lock, so it must be quick.
class Target {
 public:
  virtual ~Target() = default;

  // What the remote side throttles, blocks and fails as a whole: URL and credentials, the latter
  // only as a hash.
  virtual std::string Account() const = 0;
  // `text`, which a server may have made of what it was sent, without this target's secrets.
  virtual std::string Redacted(const std::string& text) const = 0;

  // What the page needs next: a pure function of what is wanted and of what is known of the remote
  // side.
  virtual Step NextStep(const DesiredPage& page, const TargetDelivery& record) const = 0;
  // Among what is due at one account, the lower goes first: P1 and P2 creates, creates, closes,
  // updates, notes, questions.
  virtual int UrgencyOf(Action action, const DesiredPage& page,
                        const TargetDelivery& record) const = 0;
  virtual Sent BuildRequest(Action action, const DesiredPage& page, const TargetDelivery& record,
                            Timestamp now) const = 0;
  // The next create will be known by what the record says, so that must be on disk first. Whether
  // the record changed.
  virtual bool PrepareCreate(const DesiredPage&, TargetDelivery&) const { return false; }
  // A request leaves. Until its answer is in, the record says what may be there: should the process
  // die meanwhile, a record that is stored in this time tells.
  virtual void NoteLeaving(const Sent& sent, TargetDelivery& record) const = 0;
  // Changes the record by the answer to `sent`, an error meaning no answer (HttpTransport::Send).
  virtual Effect ApplyAnswer(const Sent& sent, const DesiredPage& page,
                             const absl::StatusOr<http_client::HttpResponse>& answer, Timestamp now,
                             double jitter, TargetDelivery& record) const = 0;

  // If the configuration leads to another account than the record belongs to, what it knows of that
  // is forgotten. True if a page was or may have been there, which then stays as it is. Not while a
  // request is under way.
  virtual bool FollowAccount(TargetDelivery& record) const = 0;
  // The record was read from disk and may be older than what was sent last.
  virtual void DoubtRecovered(const DesiredPage& page, Timestamp now,
                              TargetDelivery& record) const = 0;
};

}  // namespace tocsin::delivery
