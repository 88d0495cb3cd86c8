#include "app/page_templates.h"

#include <map>
#include <memory>
#include <set>
#include <utility>

#include "absl/status/statusor.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "base/timestamp.h"
#include "engine/alerts/template_evidence.h"
#include "rules/page_check.h"
#include "rules/templates/template.h"

namespace tocsin::app {
namespace {

using templates::Template;

constexpr size_t kRememberedMax = 1000;  // texts of old configurations are forgotten some time

class ReceiverExpander {
 public:
  explicit ReceiverExpander(Labels external_labels)
      : external_labels_(std::move(external_labels)) {}

  std::string Expand(const std::string& text, const state::v1::DesiredPage& page) {
    if (!rules::IsTemplate(text)) return text;
    absl::StatusOr<std::string> expanded = TryExpand(text, page);
    if (expanded.ok()) return *std::move(expanded);
    if (IsNews(text)) {
      // What senders wrote stays out of the log, and the error may quote it.
      state::v1::DesiredPage bare = page;
      bare.clear_evidence();
      const absl::Status error = TryExpand(text, bare).status();
      Log(LogLevel::kError, "a page's template failed, its field is left out",
          {{"template", text},
           {"rule", page.rule()},
           {"alias", page.alias()},
           {"error",
            error.ok() ? "it fails with this page's evidence" : std::string(error.message())}});
    }
    return {};
  }

 private:
  absl::StatusOr<std::string> TryExpand(const std::string& text,
                                        const state::v1::DesiredPage& page) {
    TOCSIN_ASSIGN_OR_RETURN(const std::shared_ptr<const Template> compiled, Compiled(text));
    TOCSIN_ASSIGN_OR_RETURN(const Labels labels, Labels::FromCanonical(page.labels()));
    const templates::Evidence evidence = engine::TemplateEvidence(page);
    templates::TemplateData data;
    data.labels = &labels;
    data.external_labels = &external_labels_;
    data.value = page.value();
    data.now = Timestamp::FromMillis(page.changed_ms());
    data.evidence = &evidence;
    return compiled->Expand(data);
  }

  absl::StatusOr<std::shared_ptr<const Template>> Compiled(const std::string& text) {
    MutexLock lock(mutex_);
    const auto found = compiled_.find(text);
    if (found != compiled_.end()) return found->second;
    TOCSIN_ASSIGN_OR_RETURN(std::shared_ptr<const Template> compiled, Template::Parse(text));
    if (compiled_.size() == kRememberedMax) compiled_.clear();
    compiled_[text] = compiled;
    return compiled;
  }

  bool IsNews(const std::string& text) {
    MutexLock lock(mutex_);
    if (told_.size() == kRememberedMax) told_.clear();
    return told_.insert(text).second;
  }

  const Labels external_labels_;
  Mutex mutex_;
  std::map<std::string, std::shared_ptr<const Template>> compiled_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> told_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

page::Expander MakeReceiverExpander(Labels external_labels) {
  const auto expander = std::make_shared<ReceiverExpander>(std::move(external_labels));
  return [expander](const std::string& text, const state::v1::DesiredPage& page) {
    return expander->Expand(text, page);
  };
}

}  // namespace tocsin::app
