#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns early with the status of `expr` if it is an error.
#define TOCSIN_RETURN_IF_ERROR(expr)        \
  do {                                      \
    ::absl::Status tocsin_status_ = (expr); \
    if (!tocsin_status_.ok()) [[unlikely]]  \
      return tocsin_status_;                \
  } while (false)

#define TOCSIN_CONCAT_INNER(a, b) a##b
#define TOCSIN_CONCAT(a, b) TOCSIN_CONCAT_INNER(a, b)

// TOCSIN_ASSIGN_OR_RETURN(auto value, MakeValue()): assigns, or returns early with the error.
#define TOCSIN_ASSIGN_OR_RETURN(lhs, expr) \
  TOCSIN_ASSIGN_OR_RETURN_INNER(TOCSIN_CONCAT(tocsin_statusor_, __LINE__), lhs, expr)
#define TOCSIN_ASSIGN_OR_RETURN_INNER(holder, lhs, expr) \
  auto holder = (expr);                                  \
  if (!holder.ok()) [[unlikely]]                         \
    return std::move(holder).status();                   \
  lhs = std::move(holder).value()
