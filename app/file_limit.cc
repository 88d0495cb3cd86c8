#include "app/file_limit.h"

#include <sys/resource.h>

namespace tocsin::app {

uint64_t RaiseFileLimit() {
  constexpr uint64_t kUnknown = 1024;
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return kUnknown;
  const rlim_t before = files.rlim_cur;
  files.rlim_cur = files.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_cur : before;
}

void ForbidCoreFiles() {
  rlimit limit{};
  if (getrlimit(RLIMIT_CORE, &limit) != 0) return;
  limit.rlim_cur = 0;  // and the highest that may be set stays
  setrlimit(RLIMIT_CORE, &limit);
}

}  // namespace tocsin::app
