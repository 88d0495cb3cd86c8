#include "integrations/delivery/grouping.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "integrations/delivery/group_page.h"

namespace tocsin::delivery {

using Page = Grouping::Page;

std::string GroupId::Alias() const {
  const absl::uint128 print =
      Fingerprint128(absl::StrCat(receiver.size(), ":", receiver, ";", route, ";",
                                  storm ? "storm;" : "group;", labels.canonical()));
  return absl::StrFormat("%s-%016x%016x", storm ? "storm" : "group", absl::Uint128High64(print),
                         absl::Uint128Low64(print));
}

bool Grouping::Put(const GroupId& id, const GroupTiming& timing, const Page& member,
                   Timestamp now) {
  const std::string alias = id.Alias();
  const auto known = groups_.find(alias);
  if (known == groups_.end() && !member.open()) return false;
  Group& group = known == groups_.end() ? groups_[alias] : known->second;
  group.id = id;
  group.timing = timing;
  if (!member.open() && !group.members.contains(member.alias())) {
    return false;
  }
  Member& mine = group.members[member.alias()];
  if (mine.told == member.sequence() && mine.told != 0) {  // known from before a restart
    mine.page = member;
    return false;
  }
  if (mine.page.sequence() >= member.sequence() && mine.page.sequence() != 0) return true;
  mine.page = member;
  if (!member.open() && mine.told == 0 && mine.in_flush == 0) {  // nobody was told
    group.members.erase(member.alias());
    if (group.members.empty() && !group.page.open() && !group.being_stored) Forget(alias);
    return false;
  }
  Wake(alias, group, now, Timestamp::FromMillis(member.since_ms()));
  return true;
}

void Grouping::Remove(const std::string& group_alias, const std::string& alias, Timestamp now) {
  const auto found = groups_.find(group_alias);
  if (found == groups_.end()) return;
  const auto member = found->second.members.find(alias);
  if (member == found->second.members.end()) return;
  member->second.page.set_open(false);
  Wake(group_alias, found->second, now, std::nullopt);
}

void Grouping::Wake(const std::string& alias, Group& group, Timestamp now,
                    std::optional<Timestamp> since) {
  if (group.due) return;
  if (group.flushed) {
    return SetDue(alias, group, std::max(now, *group.flushed + group.timing.interval));
  }
  const bool waited = since && *since + group.timing.wait <= now;
  SetDue(alias, group, waited ? now : now + group.timing.wait);
}

void Grouping::SetDue(const std::string& alias, Group& group, std::optional<Timestamp> due) {
  if (group.due) due_.erase({*group.due, alias});
  group.due = due;
  if (due) due_.insert({*due, alias});
}

void Grouping::Forget(const std::string& alias) {
  SetDue(alias, groups_.at(alias), std::nullopt);
  groups_.erase(alias);
}

void Grouping::Restore(const Page& page) {
  const auto labels = Labels::FromCanonical(page.group().labels());
  Group& group = groups_[page.alias()];
  group.id = {page.group().receiver(), page.group().route(), labels.ok() ? *labels : Labels(),
              page.group().storm()};
  group.page = page;
  group.flushed = Timestamp::FromMillis(page.group().flushed_ms());
  for (const auto& told : page.group().members()) {
    Member& member = group.members[told.alias()];
    member.told = told.sequence();
  }
}

void Grouping::EndRestore(Timestamp now) {
  for (auto& [alias, group] : groups_) {
    const bool ended = std::any_of(group.members.begin(), group.members.end(),
                                   [](const auto& m) { return !m.second.open(); });
    if (ended || group.members.empty()) Wake(alias, group, now, std::nullopt);
  }
}

std::optional<Grouping::Place> Grouping::Find(const std::string& group) const {
  const auto found = groups_.find(group);
  if (found == groups_.end()) return std::nullopt;
  return Place{found->second.id, found->second.timing};
}

std::optional<std::string> Grouping::NextToFlush(Timestamp now) const {
  for (const auto& [at, alias] : due_) {
    if (at > now) break;
    if (!groups_.at(alias).being_stored) return alias;
  }
  return std::nullopt;
}

Timestamp Grouping::NextDue() const {
  for (const auto& [at, alias] : due_) {
    if (!groups_.at(alias).being_stored) return at;
  }
  return Timestamp::Max();
}

bool Grouping::Changed(const Group& group) {
  return std::any_of(group.members.begin(), group.members.end(), [](const auto& m) {
    return m.second.open() ? m.second.told != m.second.page.sequence() : m.second.told != 0;
  });
}

std::optional<Page> Grouping::Flush(const std::string& alias, Timestamp now,
                                    std::vector<Settled>& settled) {
  Group& group = groups_.at(alias);
  SetDue(alias, group, std::nullopt);
  std::vector<const Page*> firing;
  for (const auto& [name, member] : group.members) {
    if (member.open()) firing.push_back(&member.page);
  }
  if (!Changed(group) && group.page.open() == !firing.empty()) {
    for (auto& [name, member] : group.members) settled.push_back({name, member.page.sequence()});
    if (firing.empty()) Forget(alias);
    return std::nullopt;
  }
  Page page = group.page;
  page.set_alias(alias);
  page.set_sequence(std::max(page.sequence() + 1, static_cast<uint64_t>(now.millis())));
  if (!group.page.open() && !firing.empty()) page.set_episode(page.sequence());
  page.set_open(!firing.empty());
  page.set_changed_ms(now.millis());
  page.set_reason(firing.empty() ? "all alerts of the group have ended" : "group changed");
  if (!firing.empty()) DescribeGroup(group.id, firing, page);
  state::v1::PageGroup& made_of = *page.mutable_group();
  made_of.Clear();
  made_of.set_receiver(group.id.receiver);
  made_of.set_route(group.id.route);
  made_of.set_labels(std::string(group.id.labels.canonical()));
  made_of.set_storm(group.id.storm);
  made_of.set_flushed_ms(now.millis());
  for (auto& [name, member] : group.members) {
    member.in_flush = std::max<uint64_t>(member.page.sequence(), 1);
    if (!member.open()) continue;
    auto& told = *made_of.add_members();
    told.set_alias(name);
    told.set_sequence(member.page.sequence());
  }
  group.being_stored = true;
  return page;
}

std::vector<Grouping::Settled> Grouping::Flushed(const Page& page) {
  const std::string& alias = page.alias();
  Group& group = groups_.at(alias);
  group.page = page;
  group.being_stored = false;
  group.flushed = Timestamp::FromMillis(group.page.group().flushed_ms());
  std::vector<Settled> settled;
  for (auto it = group.members.begin(); it != group.members.end();) {
    Member& member = it->second;
    const uint64_t flushed = std::exchange(member.in_flush, 0);
    if (flushed != 0) settled.push_back({it->first, flushed});
    const bool newer = member.page.sequence() > flushed;
    member.told = member.open() || newer ? flushed : 0;
    if (!member.open() && !newer && flushed != 0)
      it = group.members.erase(it);
    else
      ++it;
  }
  if (Changed(group)) Wake(alias, group, *group.flushed, std::nullopt);
  if (group.members.empty() && !group.page.open()) Forget(alias);
  return settled;
}

void Grouping::FlushFailed(const std::string& alias, Timestamp retry) {
  Group& group = groups_.at(alias);
  group.being_stored = false;
  for (auto& [name, member] : group.members) member.in_flush = 0;
  SetDue(alias, group, retry);
}

void Grouping::ClockStepped(absl::Duration step) {
  for (auto& [alias, group] : groups_) {
    if (group.due) SetDue(alias, group, *group.due + step);
    if (group.flushed) group.flushed = *group.flushed + step;
  }
}

}  // namespace tocsin::delivery
