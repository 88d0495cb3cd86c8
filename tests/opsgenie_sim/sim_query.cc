#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/opsgenie_sim/sim_search.h"

namespace tocsin::sim {
namespace {

// What a term compares with: each of several texts, or a number.
using TextsOf = std::function<std::vector<std::string>(const SimAlert&)>;
using NumberOf = std::function<int64_t(const SimAlert&)>;

std::vector<std::string> Parties(const SimAlert& alert, const char* type) {
  std::vector<std::string> names;
  for (const Json& party : alert.responders) {
    if (type != nullptr && party.value("type", "") != type) continue;
    for (const char* key : {"id", "name", "username"}) {
      if (party.contains(key)) names.push_back(party[key]);
    }
  }
  return names;
}

const std::map<std::string, TextsOf>& TextFields() {
  using Alert = const SimAlert&;
  using List = std::vector<std::string>;
  static const std::map<std::string, TextsOf> kFields = {
      {"status", [](Alert a) { return List{a.open ? "open" : "closed"}; }},
      {"alias", [](Alert a) { return List{a.alias}; }},
      {"message", [](Alert a) { return List{a.message}; }},
      {"description", [](Alert a) { return List{a.description}; }},
      {"source", [](Alert a) { return List{a.source}; }},
      {"entity", [](Alert a) { return List{a.entity}; }},
      {"priority", [](Alert a) { return List{a.priority}; }},
      {"tag", [](Alert a) { return a.tags; }},
      {"tags", [](Alert a) { return a.tags; }},
      {"tinyId", [](Alert a) { return List{absl::StrCat(a.tiny_id)}; }},
      {"alertId", [](Alert a) { return List{a.id}; }},
      {"owner", [](Alert a) { return List{a.owner}; }},
      {"acknowledged", [](Alert a) { return List{a.acknowledged ? "true" : "false"}; }},
      {"isSeen", [](Alert a) { return List{a.acknowledged ? "true" : "false"}; }},
      {"snoozed", [](Alert a) { return List{a.snoozed_until_ms != 0 ? "true" : "false"}; }},
      {"teams", [](Alert a) { return Parties(a, "team"); }},
      {"responders", [](Alert a) { return Parties(a, nullptr); }},
      {"details.key",
       [](Alert a) {
         List keys;
         for (const auto& [key, value] : a.details) keys.push_back(key);
         return keys;
       }},
      {"details.value",
       [](Alert a) {
         List values;
         for (const auto& [key, value] : a.details) values.push_back(value);
         return values;
       }},
  };
  return kFields;
}

const std::map<std::string, NumberOf>& NumberFields() {
  static const std::map<std::string, NumberOf> kFields = {
      {"count", [](const SimAlert& a) { return int64_t{a.count}; }},
      {"createdAt", [](const SimAlert& a) { return a.created_at.millis(); }},
      {"updatedAt", [](const SimAlert& a) { return a.updated_at.millis(); }},
      {"lastOccurredAt", [](const SimAlert& a) { return a.last_occurred_at.millis(); }},
  };
  return kFields;
}

// Texts that people search in by a part of them.
bool IsProse(const std::string& field) {
  return field == "message" || field == "description";
}

AlertPredicate TextTerm(const std::string& field, const TextsOf& texts, std::string value) {
  const bool prefix = !value.empty() && value.back() == '*';
  if (prefix) value.pop_back();
  const bool part = IsProse(field);
  return [texts, value, prefix, part](const SimAlert& alert) {
    const auto all = texts(alert);
    return std::any_of(all.begin(), all.end(), [&](const std::string& text) {
      if (prefix) return text.compare(0, value.size(), value) == 0;
      return part ? text.find(value) != std::string::npos : text == value;
    });
  };
}

AlertPredicate NumberTerm(const NumberOf& number, const std::string& comparison, int64_t value) {
  return [number, comparison, value](const SimAlert& alert) {
    const int64_t have = number(alert);
    if (comparison == "<") return have < value;
    if (comparison == "<=") return have <= value;
    if (comparison == ">") return have > value;
    if (comparison == ">=") return have >= value;
    return have == value;
  };
}

struct Token {
  std::string text;
  bool quoted = false;
};

// Words, quoted texts, ( ) : < <= > >=.
absl::StatusOr<std::vector<Token>> Tokens(const std::string& query) {
  std::vector<Token> tokens;
  for (size_t i = 0; i < query.size();) {
    const char c = query[i];
    if (absl::ascii_isspace(static_cast<unsigned char>(c))) {
      ++i;
    } else if (c == '"') {
      Token token{"", true};
      for (++i; i < query.size() && query[i] != '"'; ++i) {
        if (query[i] == '\\' && i + 1 < query.size()) ++i;
        token.text += query[i];
      }
      if (i == query.size()) return absl::InvalidArgumentError("a quote is not closed");
      ++i;
      tokens.push_back(std::move(token));
    } else if (std::string("():<>").find(c) != std::string::npos) {
      Token token{std::string(1, c)};
      if ((c == '<' || c == '>') && i + 1 < query.size() && query[i + 1] == '=') token.text += '=';
      i += token.text.size();
      tokens.push_back(std::move(token));
    } else {
      Token token;
      while (i < query.size() && !absl::ascii_isspace(static_cast<unsigned char>(query[i])) &&
             std::string("():<>\"").find(query[i]) == std::string::npos) {
        token.text += query[i++];
      }
      tokens.push_back(std::move(token));
    }
  }
  return tokens;
}

// Recursive descent; the first error sticks.
class QueryParser {
 public:
  explicit QueryParser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  absl::StatusOr<AlertPredicate> Parse() {
    AlertPredicate all = Or();
    if (status_.ok() && next_ < tokens_.size()) Fail(absl::StrCat("unexpected ", Peek()));
    if (!status_.ok()) return status_;
    return all;
  }

 private:
  std::string Peek() const { return next_ < tokens_.size() ? tokens_[next_].text : ""; }
  bool Take(const char* text) {
    const bool is = next_ < tokens_.size() && !tokens_[next_].quoted && Peek() == text;
    if (is) ++next_;
    return is;
  }
  void Fail(const std::string& why) {
    if (status_.ok()) status_ = absl::InvalidArgumentError(absl::StrCat("query: ", why));
    next_ = tokens_.size();
  }

  AlertPredicate Or() {
    AlertPredicate left = And();
    while (Take("OR")) {
      left = [a = left, b = And()](const SimAlert& alert) { return a(alert) || b(alert); };
    }
    return left;
  }
  AlertPredicate And() {
    AlertPredicate left = Not();
    while (Take("AND")) {
      left = [a = left, b = Not()](const SimAlert& alert) { return a(alert) && b(alert); };
    }
    return left;
  }
  AlertPredicate Not() {
    if (!Take("NOT")) return Primary();
    return [a = Primary()](const SimAlert& alert) { return !a(alert); };
  }
  AlertPredicate Primary() {
    if (Take("(")) {
      AlertPredicate inner = Or();
      if (!Take(")")) Fail("a parenthesis is not closed");
      return inner;
    }
    const AlertPredicate nothing = [](const SimAlert&) { return false; };
    if (next_ == tokens_.size()) {
      Fail("a term is missing");
      return nothing;
    }
    const Token field = tokens_[next_++];
    static const std::set<std::string> kReserved = {"AND", "OR", "NOT", "(",  ")",
                                                    ":",   "<",  ">",   "<=", ">="};
    if (!field.quoted && kReserved.count(field.text)) Fail(absl::StrCat("unexpected ", field.text));
    for (const char* comparison : {":", "<=", ">=", "<", ">"}) {
      if (!field.quoted && Take(comparison)) return Term(field.text, comparison);
    }
    return [word = field.text](const SimAlert& alert) {
      return alert.message.find(word) != std::string::npos ||
             alert.alias.find(word) != std::string::npos;
    };
  }
  AlertPredicate Term(const std::string& field, std::string comparison) {
    const AlertPredicate nothing = [](const SimAlert&) { return false; };
    // createdAt: > 5 and createdAt > 5 are the same.
    for (const char* more : {"<=", ">=", "<", ">"}) {
      if (comparison == ":" && Take(more)) comparison = more;
    }
    if (next_ == tokens_.size()) {
      Fail(absl::StrCat("a value is missing after ", field));
      return nothing;
    }
    const std::string value = tokens_[next_++].text;
    if (const auto it = NumberFields().find(field); it != NumberFields().end()) {
      int64_t number = 0;
      if (!absl::SimpleAtoi(value, &number)) Fail(absl::StrCat(field, " is a number"));
      return NumberTerm(it->second, comparison, number);
    }
    const auto it = TextFields().find(field);
    if (it == TextFields().end()) Fail(absl::StrCat("unknown field ", field));
    if (comparison != ":") Fail(absl::StrCat(field, " has no order"));
    return status_.ok() ? TextTerm(field, it->second, value) : nothing;
  }

  const std::vector<Token> tokens_;
  size_t next_ = 0;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<AlertPredicate> ParseAlertQuery(const std::string& query) {
  auto tokens = Tokens(query);
  if (!tokens.ok()) return tokens.status();
  if (tokens->empty()) return AlertPredicate([](const SimAlert&) { return true; });
  return QueryParser(*std::move(tokens)).Parse();
}

}  // namespace tocsin::sim
