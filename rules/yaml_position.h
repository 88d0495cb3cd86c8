#pragma once

#include <cstddef>

#include "absl/strings/string_view.h"

namespace tocsin::rules {

// Where byte `value_offset` of the scalar `value` stands in `text`, if the scalar's first byte is
// at `offset`.
//
// Folding, chomping and indentation change white space only, so the non-white bytes of text and
// value correspond one to one (in quotes: one escape is one character). Counting them needs no
// knowledge of the folding rules.
size_t OffsetInText(absl::string_view text, size_t offset, absl::string_view value,
                    size_t value_offset);

}  // namespace tocsin::rules
