#include "app/feedback_service.h"

#include <gtest/gtest.h>

namespace tocsin::app {
namespace {

opsgenie::WebhookEvent Event(const std::string& action, const std::string& note,
                             std::vector<std::string> tags = {}) {
  opsgenie::WebhookEvent event;
  event.action_name = action;
  event.alias = "a";
  event.user = "ann@x.example";
  event.source_name = "web";
  event.note = note;
  event.tags = std::move(tags);
  return event;
}

TEST(FeedbackServiceTest, TheWordStandsInANoteOrAnAddedTag) {
  const auto word = [](const opsgenie::WebhookEvent& event) {
    return FeedbackService::WordIn(event).value_or("(none)");
  };
  EXPECT_EQ(word(Event("AddNote", "tocsin: false")), "false");
  EXPECT_EQ(word(Event("AddNote", "a load test, tocsin:expected, sorry")), "expected");
  EXPECT_EQ(word(Event("Close", "tocsin: new-normal")), "new-normal");
  EXPECT_EQ(word(Event("AddNote", "tocsin: undo")), "undo");
  EXPECT_EQ(word(Event("AddTags", "", {"x", "tocsin:false"})), "false");
  EXPECT_EQ(word(Event("Acknowledge", "", {"tocsin:false"})), "(none)") << "an old tag";
  EXPECT_EQ(word(Event("AddNote", "tocsin: perhaps")), "(none)");
  EXPECT_EQ(word(Event("AddNote", "false")), "(none)");
  opsgenie::WebhookEvent ours = Event("AddNote", "tocsin: false");
  ours.source_name = "tocsin";
  ASSERT_TRUE(opsgenie::IsOurs(ours));
  EXPECT_EQ(word(ours), "(none)") << "what we wrote ourselves";
}

}  // namespace
}  // namespace tocsin::app
