#include "engine/alerts/page_options.h"

namespace tocsin::engine {

void WritePageOptions(const rules::PageOptions& options, state::v1::DesiredPage& page) {
  state::v1::PageOptions out;
  out.mutable_priority()->insert(options.priority.begin(), options.priority.end());
  for (const rules::PageResponder& responder : options.responders) {
    state::v1::PageResponder& added = *out.add_responders();
    added.set_type(responder.type);
    added.set_id(responder.id);
    added.set_name(responder.name);
    added.set_username(responder.username);
  }
  out.mutable_tags()->Add(options.tags.begin(), options.tags.end());
  out.set_entity(options.entity);
  out.mutable_actions()->Add(options.actions.begin(), options.actions.end());
  out.mutable_details()->insert(options.details.begin(), options.details.end());
  if (out.ByteSizeLong() > 0) *page.mutable_options() = std::move(out);
}

}  // namespace tocsin::engine
