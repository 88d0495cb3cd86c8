#include "integrations/scrape/config.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace tocsin::scrape {
namespace {

std::string PercentEncoded(absl::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || c == '-' || c == '_' || c == '.' || c == '~') {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

// As Prometheus adds it where there is none.
std::string WithPort(const std::string& address, const ScrapeJob& job) {
  const size_t bracket = address.rfind(']');
  const bool has =
      address.find(':', bracket == std::string::npos ? 0 : bracket) != std::string::npos;
  return has ? address : absl::StrCat(address, job.scheme == "https" ? ":443" : ":80");
}

std::string UrlOf(const ScrapeJob& job, absl::string_view address) {
  std::string url = absl::StrCat(job.scheme, "://", address, job.metrics_path);
  bool first = true;
  for (const auto& [name, values] : job.params) {
    for (const std::string& value : values) {
      absl::StrAppend(&url, first ? "?" : "&", PercentEncoded(name), "=", PercentEncoded(value));
      first = false;
    }
  }
  return url;
}

}  // namespace

std::vector<TargetConfig> TargetsOf(const ScrapeJob& job) {
  std::vector<TargetConfig> all;
  for (const StaticTargets& some : job.static_configs) {
    for (const std::string& written : some.targets) {
      const std::string address = WithPort(written, job);
      LabelsBuilder labels(some.labels);
      if (!some.labels.Has("job")) labels.Set("job", job.job_name);
      if (!some.labels.Has("instance")) labels.Set("instance", address);
      all.push_back({.job = job.job_name,
                     .address = address,
                     .url = UrlOf(job, address),
                     .labels = labels.Build(),
                     .interval = job.scrape_interval,
                     .timeout = job.scrape_timeout,
                     .honor_labels = job.honor_labels,
                     .honor_timestamps = job.honor_timestamps,
                     .credentials = job.credentials,
                     .ca_file = job.ca_file});
    }
  }
  return all;
}

}  // namespace tocsin::scrape
