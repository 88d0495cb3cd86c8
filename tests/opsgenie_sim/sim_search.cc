#include "tests/opsgenie_sim/sim_search.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/opsgenie_sim/sim_json.h"

namespace tocsin::sim {
namespace {

constexpr int kLimitMax = 100;
constexpr int kReachMax = 20000;

using Before = bool (*)(const SimAlert&, const SimAlert&);

template <auto Member>
bool Less(const SimAlert& a, const SimAlert& b) {
  return a.*Member < b.*Member;
}

const std::map<std::string, Before>& Sorts() {
  static const std::map<std::string, Before> kSorts = {
      {"createdAt", Less<&SimAlert::created_at>},
      {"updatedAt", Less<&SimAlert::updated_at>},
      {"lastOccurredAt", Less<&SimAlert::last_occurred_at>},
      {"tinyId", Less<&SimAlert::tiny_id>},
      {"alias", Less<&SimAlert::alias>},
      {"message", Less<&SimAlert::message>},
      {"status", Less<&SimAlert::open>},
      {"acknowledged", Less<&SimAlert::acknowledged>},
      {"isSeen", Less<&SimAlert::acknowledged>},
      {"snoozed", Less<&SimAlert::snoozed_until_ms>},
      {"count", Less<&SimAlert::count>},
      {"source", Less<&SimAlert::source>},
      {"owner", Less<&SimAlert::owner>},
      {"priority", Less<&SimAlert::priority>},
  };
  return kSorts;
}

struct Search {
  AlertPredicate wanted;
  int offset = 0;
  int limit = 20;
  std::string sort = "createdAt";
  bool ascending = false;
};

std::string Parameter(const Routed& routed, const char* name, const std::string& fallback) {
  const auto it = routed.query.find(name);
  return it == routed.query.end() ? fallback : it->second;
}

// What is wrong, or nothing and the search in `search`.
FieldErrors ReadSearch(const Routed& routed, Search& search) {
  const char* limit = routed.api == Api::kJsmRest ? "size" : "limit";
  if (!absl::SimpleAtoi(Parameter(routed, "offset", "0"), &search.offset) || search.offset < 0) {
    return {{"offset", "should be at least 0"}};
  }
  if (!absl::SimpleAtoi(Parameter(routed, limit, "20"), &search.limit) || search.limit < 1 ||
      search.limit > kLimitMax) {
    return {{limit, "should be from 1 to 100"}};
  }
  if (search.offset + search.limit > kReachMax) {
    return {{limit, "sum of offset and limit should be at most 20000"}};
  }
  search.sort = Parameter(routed, "sort", "createdAt");
  if (search.sort != "insertedAt" && !Sorts().count(search.sort)) {
    return {{"sort", "unknown field"}};
  }
  const std::string order = Parameter(routed, "order", "desc");
  if (order != "asc" && order != "desc") return {{"order", "should be one of [ asc, desc ]"}};
  search.ascending = order == "asc";
  if (routed.query.count("searchIdentifier")) {
    return {{"searchIdentifier", "saved searches are not simulated"}};
  }
  auto wanted = ParseAlertQuery(Parameter(routed, "query", ""));
  if (!wanted.ok()) return {{"query", std::string(wanted.status().message())}};
  search.wanted = *std::move(wanted);
  return {};
}

// Ties are in order of creation.
void Sort(const Search& search, std::vector<const SimAlert*>& alerts) {
  const std::string field = search.sort == "insertedAt" ? "createdAt" : search.sort;
  const Before before = Sorts().at(field);
  std::sort(alerts.begin(), alerts.end(), [&](const SimAlert* a, const SimAlert* b) {
    if (!search.ascending) std::swap(a, b);
    if (before(*a, *b)) return true;
    return !before(*b, *a) && a->tiny_id < b->tiny_id;
  });
}

std::string PageUrl(const Routed& routed, int offset, int limit) {
  std::string url = absl::StrCat("/v2/alerts?offset=", offset, "&limit=", limit);
  for (const auto& [name, value] : routed.query) {
    if (name == "sort" || name == "order") absl::StrAppend(&url, "&", name, "=", value);
  }
  return url;
}

}  // namespace

SimAnswer SearchAlerts(const SimAlertBook& book, const Routed& routed, const SimKey& key) {
  Search search;
  const FieldErrors errors = ReadSearch(routed, search);
  if (!errors.empty()) {
    return {422, Refusal(errors), absl::StrCat("refused: ", errors.begin()->first), {}};
  }
  std::vector<const SimAlert*> found;
  for (const auto& [id, alert] : book.alerts()) {
    if (MaySee(key, alert) && search.wanted(alert)) found.push_back(&alert);
  }
  if (routed.kind == Routed::Kind::kCount) return Ok({{"count", found.size()}});
  Sort(search, found);
  const size_t begin = std::min<size_t>(search.offset, found.size());
  const size_t end = std::min<size_t>(begin + search.limit, found.size());
  Json data = Json::array();
  for (size_t i = begin; i < end; ++i) data.push_back(AlertJson(*found[i], /*full=*/false));
  SimAnswer answer = Ok(std::move(data));
  answer.body["total"] = found.size();
  answer.body["paging"] = {{"first", PageUrl(routed, 0, search.limit)}};
  if (end < found.size()) {
    answer.body["paging"]["next"] = PageUrl(routed, static_cast<int>(end), search.limit);
  }
  return answer;
}

}  // namespace tocsin::sim
