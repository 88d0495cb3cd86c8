#include "engine/query/query_engine.h"

#include <algorithm>
#include <atomic>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "engine/query/dead_series.h"
#include "engine/query/graph/compile.h"
#include "engine/query/matrix_result.h"

namespace tocsin::engine {
namespace {

constexpr size_t kNotesMax = 10;  // of each kind, per evaluation

// "line:column" in `text`, both from 1. Without the text everything is taken to be on one line.
std::string Place(absl::string_view text, size_t offset) {
  size_t line = 1, column = 1;
  for (size_t i = 0; i < offset; ++i, ++column) {
    if (i >= text.size() || text[i] != '\n') continue;
    ++line;
    column = 0;
  }
  return absl::StrCat(line, ":", column);
}

// Who keeps something per row may go on with another engine, whose rows are others.
uint64_t NextEngineLayouts() {
  static std::atomic<uint64_t> engines{0};
  return ++engines << 32;
}

}  // namespace

struct QueryEngine::Impl {
  struct Query {
    promql::ValueType type = promql::ValueType::kVector;
    OperatorPtr result;                  // null for range vectors and strings
    std::shared_ptr<RangeVector> range;  // null for all but range vectors
    std::vector<MatrixRow> matrix;
    std::vector<Compiler::Speaker> speakers;
    std::vector<SelectorNeed> needs;
    std::string text;
    std::string string_value;
    Timestamp last = Timestamp::Min();  // last evaluation
    std::vector<std::string> warnings, infos;
    RowLabels labels;
    std::vector<int64_t> newest;
    std::vector<uint32_t> order;
  };

  Impl(SeriesTable& t, QueryOptions o)
      : table(t), options(std::move(o)), sets(t), dead_series(t, options.dead_series_min) {}

  Query& Get(QueryId id) {
    const auto it = queries.find(id);
    TOCSIN_CHECK(it != queries.end()) << "no query " << id;
    return *it->second;
  }
  Moment At(Timestamp t) {
    query_time = t.millis();
    return {query_time, table.changes() + sets.changes(), query_time};
  }
  static void CollectNotes(Query& query);
  void PlanTrimming();
  int64_t OldestEvaluation(int64_t t) const;
  void GiveUp(const std::vector<SeriesTable::Slot>& slots);

  SeriesTable& table;
  const QueryOptions options;
  const uint64_t layouts_from = NextEngineLayouts();
  SeriesSets sets;
  Graph graph;
  absl::flat_hash_map<QueryId, std::unique_ptr<Query>> queries;
  QueryId next_id = 1;
  int64_t query_time = INT64_MIN;  // of the evaluation going on

  // How far back each slot must be kept: the farthest reach of the sets it belongs to.
  struct SetReach {
    int64_t reach_ms = 0;  // may be SeriesTable::kForever
    size_t planned = 0;    // so many of the set's slots know of it
  };
  uint64_t query_changes = 0;  // grows with Add() and Remove()
  uint64_t planned_queries = 0;
  absl::flat_hash_map<std::shared_ptr<const SeriesSet>, SetReach> set_reach;
  std::vector<bool> slot_planned;  // false: free, or not told of yet, and then nothing is dropped
  DeadSeries dead_series;
};

QueryEngine::QueryEngine(SeriesTable& table, QueryOptions options)
    : impl_(std::make_unique<Impl>(table, std::move(options))) {}
QueryEngine::~QueryEngine() = default;

absl::StatusOr<QueryId> QueryEngine::Add(const promql::Expr& expr, absl::string_view text,
                                         absl::Duration behind) {
  if (auto error = Unsupported(expr)) return absl::UnimplementedError(error->message);
  auto query = std::make_unique<Impl::Query>();
  query->type = expr.type;
  query->text = std::string(text);
  if (expr.type == promql::ValueType::kString) {
    query->string_value = StringOf(expr);
  } else {
    Compiler compiler(impl_->graph, impl_->sets, impl_->table, impl_->options, &impl_->query_time,
                      behind);
    if (expr.type == promql::ValueType::kMatrix) {
      TOCSIN_ASSIGN_OR_RETURN(query->range, compiler.CompileRange(expr));
    } else {
      TOCSIN_ASSIGN_OR_RETURN(query->result, compiler.CompileResult(expr));
      query->labels = RowLabels(query->result.get());
    }
    query->speakers = compiler.speakers();
    query->needs = Needs(expr, impl_->options);
  }
  const QueryId id = impl_->next_id++;
  impl_->queries.emplace(id, std::move(query));
  ++impl_->query_changes;
  return id;
}

void QueryEngine::Remove(QueryId query) {
  if (impl_->queries.erase(query) == 0) return;
  ++impl_->query_changes;
  impl_->graph.Released();
  if (impl_->query_changes % 256 == 0) impl_->sets.Sweep();
}

std::optional<promql::ParseError> QueryEngine::Unsupported(const promql::Expr& expr) {
  return FindUnsupported(expr);
}

bool QueryEngine::SeriesAdded(SeriesTable::Slot slot) {
  impl_->dead_series.SeriesCame();
  return impl_->sets.Add(slot);
}

absl::StatusOr<QueryResult> QueryEngine::Evaluate(QueryId id, Timestamp t) {
  Impl::Query& query = impl_->Get(id);
  query.last = t;
  QueryResult result;
  result.type = query.type;
  result.warnings = &query.warnings;
  result.infos = &query.infos;
  if (query.range != nullptr) {
    TOCSIN_RETURN_IF_ERROR(query.range->Evaluate(impl_->At(t)));
    Impl::CollectNotes(query);
    TOCSIN_ASSIGN_OR_RETURN(query.matrix, CollectMatrix(*query.range));
    result.matrix = &query.matrix;
    return result;
  }
  if (query.result == nullptr) {
    result.string_value = &query.string_value;
    return result;
  }
  TOCSIN_RETURN_IF_ERROR(query.result->Evaluate(impl_->At(t)));
  Impl::CollectNotes(query);
  result.labels = &query.labels;
  result.frame = &query.result->frame();
  result.layout = impl_->layouts_from + query.result->layout();
  if (query.result->Order(query.order)) result.order = &query.order;
  return result;
}

void QueryEngine::Impl::CollectNotes(Query& query) {
  query.warnings.clear();
  query.infos.clear();
  for (const Compiler::Speaker& speaker : query.speakers) {
    for (const Note& note : speaker.op->notes()) {
      if (note.part != speaker.part) continue;
      std::vector<std::string>& list = note.warning ? query.warnings : query.infos;
      std::string text = absl::StrCat("PromQL ", note.warning ? "warning: " : "info: ", note.text,
                                      " (", Place(query.text, speaker.span.begin), ")");
      const bool told = std::find(list.begin(), list.end(), text) != list.end();
      if (!told && list.size() < kNotesMax) list.push_back(std::move(text));
    }
  }
}

const std::vector<int64_t>& QueryEngine::NewestInputs(QueryId id) {
  Impl::Query& query = impl_->Get(id);
  query.newest.clear();
  // Operators are shared: another query may have evaluated them at another time since.
  if (query.result && query.result->Evaluate(impl_->At(query.last)).ok()) {
    query.newest = query.result->Newest(query.last.millis());
  }
  return query.newest;
}

Timestamp QueryEngine::NextChange(QueryId id, Timestamp t) {
  Impl::Query& query = impl_->Get(id);
  if (query.range) return Timestamp::FromMillis(query.range->NextChange(t.millis()));
  if (query.result == nullptr) return Timestamp::Max();
  // Operators are shared, see NewestInputs(). What an error left out is looked at in the table.
  query.result->Evaluate(impl_->At(t)).IgnoreError();
  return Timestamp::FromMillis(query.result->NextChange(t.millis()));
}

size_t RowLabels::size() const {
  return rows_->rows();
}

Labels RowLabels::operator[](size_t row) const {
  return rows_->LabelsOf(row);
}

size_t QueryEngine::operators() const {
  return impl_->graph.size();
}

absl::Duration QueryEngine::MaxReach() const {
  absl::Duration reach;
  for (const auto& entry : impl_->queries) {
    for (const SelectorNeed& need : entry.second->needs) {
      reach = std::max(reach, need.unbounded ? absl::InfiniteDuration() : need.reach);
    }
  }
  return reach;
}

void QueryEngine::Impl::PlanTrimming() {
  if (planned_queries != query_changes) {
    planned_queries = query_changes;
    dead_series.ReachesChanged();
    set_reach.clear();
    slot_planned.clear();
    for (const auto& entry : queries) {
      for (const SelectorNeed& need : entry.second->needs) {
        const int64_t reach =
            need.unbounded ? SeriesTable::kForever : absl::ToInt64Milliseconds(need.reach);
        const auto set = sets.Get(need.matchers);
        TOCSIN_CHECK(set.ok()) << set.status().ToString();
        SetReach& known = set_reach[*set];
        known.reach_ms = std::max(known.reach_ms, reach);
      }
    }
  }
  const size_t known_slots = slot_planned.size();
  slot_planned.resize(table.size());
  for (auto& [set, reach] : set_reach) {
    for (; reach.planned < set->slots.size(); ++reach.planned) {
      const SeriesTable::Slot slot = set->slots[reach.planned];
      const int64_t known = slot_planned[slot] ? table.reach_ms(slot) : 0;
      table.SetReach(slot, std::max(known, reach.reach_ms));
      slot_planned[slot] = true;
    }
  }
  for (size_t slot = known_slots; slot < table.size(); ++slot) {
    const auto nobodys = static_cast<SeriesTable::Slot>(slot);
    if (!slot_planned[slot] && table.Holds(nobodys)) table.SetReach(nobodys, 0);
  }
}

// Windows go on from where they were: what the last evaluation of a query saw is kept until the
// next one, if that is not too long ago.
int64_t QueryEngine::Impl::OldestEvaluation(int64_t t) const {
  constexpr int64_t kAgoMax = 60'000;
  int64_t oldest = t;
  for (const auto& entry : queries) {
    if (entry.second->last != Timestamp::Min()) {
      oldest = std::min(oldest, entry.second->last.millis());
    }
  }
  return std::max(oldest, t - kAgoMax);
}

void QueryEngine::Impl::GiveUp(const std::vector<SeriesTable::Slot>& slots) {
  sets.Remove(slots);
  for (SeriesTable::Slot slot : slots) {
    table.Remove(slot);
    slot_planned[slot] = false;
  }
  for (auto& [set, reach] : set_reach) reach.planned = set->slots.size();
}

std::vector<SeriesTable::Slot> QueryEngine::Trim(Timestamp t) {
  SeriesTable& table = impl_->table;
  impl_->PlanTrimming();
  table.Trim(impl_->OldestEvaluation(t.millis()));
  std::vector<SeriesTable::Slot> dead = impl_->dead_series.EnoughAt(t.millis());
  if (!dead.empty()) impl_->GiveUp(dead);
  return dead;
}

}  // namespace tocsin::engine
