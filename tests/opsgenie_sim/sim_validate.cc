#include "tests/opsgenie_sim/sim_validate.h"

#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace tocsin::sim {
namespace {

class Checker {
 public:
  Checker(const Json& body, FieldErrors& errors) : body_(body), errors_(errors) {}

  void Fail(const std::string& field, const std::string& why) { errors_.emplace(field, why); }
  bool Has(const char* field) const { return body_.contains(field) && !body_[field].is_null(); }

  void Text(const char* field, size_t max) {
    if (!Has(field)) return;
    if (!body_[field].is_string()) return Fail(field, "must be a string");
    const size_t length = CodePoints(body_[field].get<std::string>());
    if (length > max)
      Fail(field, absl::StrCat("length ", length, " exceeds the maximum [", max, "]"));
  }
  void RequiredText(const char* field, size_t max, const std::string& why) {
    const bool blank =
        !Has(field) || (body_[field].is_string() &&
                        absl::StripAsciiWhitespace(body_[field].get<std::string>()).empty());
    if (blank) return Fail(field, why);
    Text(field, max);
  }
  void Texts(const char* field, size_t items_max, size_t length_max) {
    if (!Has(field)) return;
    if (!body_[field].is_array()) return Fail(field, "must be an array");
    if (body_[field].size() > items_max) {
      Fail(field, absl::StrCat("more than ", items_max, " items"));
    }
    for (const Json& item : body_[field]) {
      if (!item.is_string()) return Fail(field, "items must be strings");
      if (CodePoints(item.get<std::string>()) > length_max) {
        Fail(field, absl::StrCat("an item is longer than ", length_max));
      }
    }
  }
  void NotEmpty(const char* field) {
    if (!Has(field) || body_[field].empty()) Fail(field, "can not be empty");
  }
  void Details(bool strict_total) {
    if (!Has("details")) return;
    const Json& details = body_["details"];
    if (!details.is_object()) return Fail("details", "must be an object");
    size_t total = 0;
    for (const auto& [key, value] : details.items()) {
      if (!value.is_string()) return Fail("details", "values must be strings");
      total += CodePoints(key) + CodePoints(value.get<std::string>());
    }
    if (strict_total && total > kDetailsCharsMax) Fail("details", "more than 8000 characters");
  }
  // The page of this endpoint alone says 20 x 50.
  void AddedDetails() {
    if (!Has("details") || !body_["details"].is_object()) return;
    if (body_["details"].size() > 20) Fail("details", "more than 20 items");
    for (const auto& [key, value] : body_["details"].items()) {
      if (value.is_string() &&
          (CodePoints(key) > 50 || CodePoints(value.get<std::string>()) > 50)) {
        Fail("details", "an item is longer than 50");
      }
    }
  }
  void Priority(bool required) {
    if (!Has("priority")) {
      if (required) Fail("priority", "can not be empty");
      return;
    }
    static const std::set<std::string> kPriorities = {"P1", "P2", "P3", "P4", "P5"};
    const Json& value = body_["priority"];
    if (!value.is_string() || !kPriorities.count(value.get<std::string>())) {
      Fail("priority", "should be one of [ P1, P2, P3, P4, P5 ]");
    }
  }
  void Parties(const char* field, const std::set<std::string>& types) {
    if (!Has(field)) return;
    if (!body_[field].is_array()) return Fail(field, "must be an array");
    if (body_[field].size() > 50) Fail(field, "more than 50 items");
    for (const Json& party : body_[field]) Party(field, party, types);
  }
  void Party(const std::string& field, const Json& party, const std::set<std::string>& types) {
    if (!party.is_object()) return Fail(field, "must be an object");
    const std::string type = Blank(party, "type") ? "" : party["type"].get<std::string>();
    if (!types.count(type)) return Fail(absl::StrCat(field, "#type"), "unknown type");
    if (type == "user") return User(field, party);
    if (Blank(party, "id") && Blank(party, "name")) Fail(field, "id or name must be given");
  }
  void User(const std::string& field, const Json& party) {
    if (!Blank(party, "id")) return;
    if (Blank(party, "username")) return Fail(field, "id or username must be given");
    const std::string name = party["username"];
    const size_t at = name.find('@');
    if (at == std::string::npos || at == 0 || at + 1 == name.size()) {
      Fail(absl::StrCat(field, "#username"), "must be a well-formed email address");
    }
  }
  void Flag(const char* field) {
    if (Has(field) && !body_[field].is_boolean()) Fail(field, "must be true or false");
  }
  void AtLeastOne(const char* field, bool required) {
    if (!Has(field)) {
      if (required) Fail(field, "must be given");
      return;
    }
    if (!body_[field].is_number_integer() || body_[field].get<int64_t>() < 1) {
      Fail(field, "must be at least 1");
    }
  }
  void OneOf(const char* field, const std::set<std::string>& values, bool required) {
    if (!Has(field) && !required) return;
    if (Blank(body_, field) || !values.count(body_[field].get<std::string>())) {
      Fail(field, "unknown value");
    }
  }
  // An object that names something by one of `keys`.
  void Reference(const char* field, std::initializer_list<const char*> keys) {
    if (!Has(field) || !body_[field].is_object()) return Fail(field, "must be given");
    for (const char* key : keys) {
      if (!Blank(body_[field], key)) return;
    }
    Fail(field, "names nothing");
  }
  void OnlyKnown(const std::set<std::string>& known) {
    for (const auto& [key, value] : body_.items()) {
      if (!known.count(key)) Fail(key, "unknown field");
    }
  }

 private:
  static bool Blank(const Json& object, const char* key) {
    return !object.contains(key) || !object[key].is_string() ||
           object[key].get_ref<const std::string&>().empty();
  }

  const Json& body_;
  FieldErrors& errors_;
};

const std::set<std::string> kCreateFields = {
    "message", "alias",  "description", "responders", "visibleTo", "actions", "tags",
    "details", "entity", "source",      "priority",   "user",      "note",    "teams"};

void CheckCreate(Checker& check, const SimOptions& options) {
  check.RequiredText("message", 130, "Message can not be empty.");
  check.Text("alias", 512);
  check.Text("description", 15000);
  check.Parties("responders", {"team", "user", "escalation", "schedule"});
  check.Parties("visibleTo", {"team", "user"});
  check.Texts("actions", 10, 50);
  check.Texts("tags", 20, 50);
  check.Details(options.strict_details);
  check.Text("entity", 512);
  check.Priority(false);
  if (check.Has("teams")) check.Fail("teams", "is not supported, use responders");
  if (options.strict_unknown_fields) check.OnlyKnown(kCreateFields);
}

void CheckSnooze(Checker& check, const Json& body, Timestamp now) {
  absl::Time end;
  std::string error;
  if (!body.contains("endTime") || !body["endTime"].is_string() ||
      !absl::ParseTime(absl::RFC3339_full, body["endTime"].get<std::string>(), &end, &error)) {
    return check.Fail("endTime", "must be an ISO-8601 time");
  }
  if (absl::ToUnixMillis(end) <= now.millis()) check.Fail("endTime", "must be in the future");
}

}  // namespace

FieldErrors ValidateHeartbeat(const Json& body, bool create) {
  FieldErrors errors;
  Checker check(body, errors);
  if (create) check.RequiredText("name", 200, "Heartbeat name can not be empty.");
  check.Text("description", 10000);
  check.AtLeastOne("interval", create);
  check.OneOf("intervalUnit", {"minutes", "hours", "days"}, create);
  check.Flag("enabled");
  check.Text("alertMessage", 130);
  check.Texts("alertTags", 20, 50);
  check.OneOf("alertPriority", {"P1", "P2", "P3", "P4", "P5"}, false);
  if (check.Has("ownerTeam")) check.Reference("ownerTeam", {"id", "name"});
  return errors;
}

size_t CodePoints(const std::string& text) {
  size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

const char* ActionName(ActionKind kind) {
  switch (kind) {
    case ActionKind::kCreate:
      return "Create";
    case ActionKind::kDelete:
      return "Delete";
    case ActionKind::kAcknowledge:
      return "Acknowledge";
    case ActionKind::kUnacknowledge:
      return "UnAcknowledge";
    case ActionKind::kClose:
      return "Close";
    case ActionKind::kAddNote:
      return "AddNote";
    case ActionKind::kSnooze:
      return "Snooze";
    case ActionKind::kEscalate:
      return "EscalateNext";
    case ActionKind::kAssign:
      return "AssignOwnership";
    case ActionKind::kAddResponder:
      return "AddResponder";
    case ActionKind::kAddTeam:
      return "AddTeam";
    case ActionKind::kAddTags:
      return "AddTags";
    case ActionKind::kRemoveTags:
      return "RemoveTags";
    case ActionKind::kAddDetails:
      return "AddDetails";
    case ActionKind::kRemoveDetails:
      return "RemoveDetails";
    case ActionKind::kSetMessage:
      return "UpdateMessage";
    case ActionKind::kSetDescription:
      return "UpdateDescription";
    case ActionKind::kSetPriority:
      return "UpdatePriority";
    case ActionKind::kCustom:
      return "CustomAction";
  }
  return "";
}

FieldErrors Validate(ActionKind kind, const Json& body, const SimOptions& options, Timestamp now) {
  FieldErrors errors;
  Checker check(body, errors);
  check.Text("user", 100);
  check.Text("source", 100);
  if (kind == ActionKind::kAddNote) {
    check.RequiredText("note", 25000, "Note can not be empty.");
  } else {
    check.Text("note", 25000);
  }
  switch (kind) {
    case ActionKind::kCreate:
      CheckCreate(check, options);
      break;
    case ActionKind::kSnooze:
      CheckSnooze(check, body, now);
      break;
    case ActionKind::kEscalate:
      check.Reference("escalation", {"id", "name"});
      break;
    case ActionKind::kAssign:
      check.Reference("owner", {"id", "username"});
      break;
    case ActionKind::kAddTeam:
      check.Reference("team", {"id", "name"});
      break;
    case ActionKind::kAddResponder:
      if (!check.Has("responder"))
        check.Fail("responder", "must be given");
      else
        check.Party("responder", body["responder"], {"team", "user"});
      break;
    case ActionKind::kAddTags:
      check.NotEmpty("tags");
      check.Texts("tags", 20, 50);
      break;
    case ActionKind::kAddDetails:
      check.NotEmpty("details");
      check.Details(options.strict_details);
      if (options.strict_details) check.AddedDetails();
      break;
    case ActionKind::kSetMessage:
      check.RequiredText("message", 130, "Message can not be empty.");
      break;
    case ActionKind::kSetDescription:
      check.RequiredText("description", 15000, "Description can not be empty.");
      break;
    case ActionKind::kSetPriority:
      check.Priority(true);
      break;
    default:
      break;
  }
  return errors;
}

}  // namespace tocsin::sim
