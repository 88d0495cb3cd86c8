#include "integrations/opsgenie/search_request.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "integrations/opsgenie/endpoint.h"
#include "integrations/opsgenie/page_content.h"

namespace tocsin::opsgenie {
namespace {

std::string Term(const char* field, const std::string& value) {
  return absl::StrCat(field, ": \"", absl::StrReplaceAll(value, {{"\\", "\\\\"}, {"\"", "\\\""}}),
                      "\"");
}

}  // namespace

std::string SearchQuery(const AlertSearch& search) {
  std::vector<std::string> terms;
  if (search.open_only) terms.push_back("status: open");
  if (search.ours_only) terms.push_back(Term("source", kSource));
  if (!search.alias.empty()) terms.push_back(Term("alias", RemoteAlias(search.alias)));
  if (!search.tag.empty()) terms.push_back(Term("tag", search.tag));
  return absl::StrJoin(terms, " AND ");
}

http_client::HttpRequest ListAlerts(const OpsgenieConfig& config, const AlertSearch& search,
                                    size_t offset) {
  const bool rest = HasJsmRest(config);
  const std::string parameters =
      absl::StrCat("?query=", PercentEncode(SearchQuery(search)), "&offset=", offset,
                   rest ? "&size=" : "&limit=", kListLimit, "&sort=createdAt&order=asc");
  if (rest) return RestRequest(config, "GET", absl::StrCat("/v1/alerts", parameters));
  return KeyRequest(config, "GET", absl::StrCat("/v2/alerts", parameters));
}

http_client::HttpRequest CountAlerts(const OpsgenieConfig& config, const AlertSearch& search) {
  return KeyRequest(config, "GET",
                    absl::StrCat("/v2/alerts/count?query=", PercentEncode(SearchQuery(search))));
}

}  // namespace tocsin::opsgenie
