#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/timestamp.h"
#include "integrations/http/http_client.h"
#include "proto/tocsin/state/v1/state.pb.h"

namespace tocsin::delivery {

using state::v1::DesiredPage;

// What one receiver is told, where each request says all there is to say and its status code is the
// whole answer. When to tell it is the business of PostingTarget.
//
// Thread: any; immutable.
class Endpoint {
 public:
  virtual ~Endpoint() = default;

  // What a request depends on besides the page.
  struct Situation {
    int64_t starts_ms = 0;  // since when the page's episode holds
    Timestamp now;
    bool minimal = false;                    // the full form was refused
    std::vector<std::string> former_labels;  // of alerts that may be active there; canonical
  };
  virtual http_client::HttpRequest Firing(const DesiredPage& page,
                                          const Situation& situation) const = 0;
  virtual http_client::HttpRequest Resolved(const DesiredPage& page,
                                            const Situation& situation) const = 0;
  // Of what Firing would say of the page, as far as a change of it is to be sent. Not 0.
  virtual uint64_t ContentHash(const DesiredPage& page) const = 0;

  // Where it goes, of which the hash is kept on disk: no key, nor a hash of one.
  virtual std::string Place() const = 0;
  // What a key may do there and how often is a matter of URL and key.
  virtual std::string Account() const = 0;
  virtual std::vector<std::string> Secrets() const = 0;

  virtual bool send_resolved() const = 0;
  // The other side forgets a firing page that is not repeated so often. Zero: it does not.
  virtual absl::Duration repeat_interval() const { return absl::ZeroDuration(); }
  // A page that is opened anew must be closed before, or nobody is told.
  virtual bool closes_before_reopening() const { return true; }
  // The canonical labels that name the page there, if it is they that do; else "".
  virtual std::string NamingLabels(const DesiredPage&) const { return ""; }
  virtual bool has_minimal_form() const { return false; }
  // Whether an answer with this status confirms the request.
  virtual bool Confirms(int status) const { return status >= 200 && status < 300; }
};

}  // namespace tocsin::delivery
