#include <cstdio>
#include <string>
#include <vector>

#include "tests/promqltest/runner.h"

// promqltest [-v] [--naive] FILE...: runs promqltest scripts on the query engine (or on the naive
// twin) and prints each failure as `file:line: reason`, then how often each reason came, then
// `passed X of Y evals`. Exit code: 0 all passed, 1 some failed, 2 wrong use or unreadable input.

namespace {

using tocsin::promqltest::Report;

int Usage() {
  std::fprintf(stderr, "usage: promqltest [-v] [--naive] FILE...\n");
  return 2;
}

void Print(const Report& report, bool verbose) {
  if (verbose) {
    for (const auto& [where, expr] : report.successes) {
      std::printf("%s: ok: %s\n", where.c_str(), expr.c_str());
    }
  }
  for (const auto& [where, reason] : report.failures) {
    std::printf("%s: %s\n", where.c_str(), reason.c_str());
  }
  if (!report.by_reason.empty()) std::printf("\n");
  for (const auto& [reason, count] : report.by_reason) {
    std::printf("%5d  %s\n", count, reason.c_str());
  }
  std::printf("passed %d of %d evals\n", report.passed, report.evals);
}

}  // namespace

int main(int argc, char** argv) {
  bool verbose = false;
  bool naive = false;
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg == "-v") {
      verbose = true;
    } else if (arg == "--naive") {
      naive = true;
    } else if (arg.rfind("-", 0) == 0) {
      return Usage();
    } else {
      files.push_back(arg);
    }
  }
  if (files.empty()) return Usage();

  const auto subject =
      naive ? tocsin::promqltest::MakeNaiveSubject() : tocsin::promqltest::MakeEngineSubject();
  tocsin::promqltest::Runner runner(*subject);
  Report report;
  bool unreadable = false;
  for (const std::string& file : files) {
    const absl::Status status = runner.RunFile(file, &report);
    if (status.ok()) continue;
    std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
    unreadable = true;
  }
  Print(report, verbose);
  if (unreadable) return 2;
  return report.failures.empty() ? 0 : 1;
}
