#!/usr/bin/env bash
# The measurements behind `./dev bench`; run from the repository's root. Prints figures only: docs/measurements.md keeps
# them with date and machine.
set -euo pipefail

dir=build/bench
rm -rf "$dir"
mkdir -p "$dir/rules"
pid=
finish() { if [ -n "$pid" ]; then kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; fi; }
trap finish EXIT

start() {
  rm -rf "$dir/data" "$dir/log"
  touch "$dir/log"
  cat >"$dir/rules/rules.yaml" <<'YAML'
monitors:
- name: bench
  query: max by (host) (load_metric_1)
  threshold: {critical: "> 1e300"}
YAML
  printf 'rules: [rules/*.yaml]\nreceivers: [{name: none}]\nroute: {receiver: none}\n' >"$dir/tocsin.yaml"
  build/tocsin serve --config "$dir/tocsin.yaml" --data-dir "$dir/data" --grpc-listen 127.0.0.1:0 \
    --http-listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 2>"$dir/log" &
  pid=$!
  until grep -q '"event":"ready".*"version"' "$dir/log"; do
    kill -0 $pid 2>/dev/null || { cat "$dir/log" >&2; exit 1; }
    sleep 0.1
  done
  port=$(sed -n 's/.*"event":"ready".*"grpc_port":\([0-9]*\).*/\1/p' "$dir/log")
  http_port=$(sed -n 's/.*"event":"ready".*"http_port":\([0-9]*\).*/\1/p' "$dir/log")
}
stop() { kill $pid; wait $pid || true; pid=; }

ingest() {
  local protocol run target
  for protocol in otlp native otlp_http remote_write; do
    for run in 1 2 3; do
      start
      target=$port
      case $protocol in otlp_http | remote_write) target=$http_port ;; esac
      echo "$protocol, run $run: $(build/ingest_load --protocol $protocol --target "127.0.0.1:$target" --series 100000 \
        --samples-per-request 1000 --seconds 8 --connections 2 --server-pid $pid | tail -n 2 | paste -sd ' ')"
      stop
    done
  done
}
query() { build/query_bench --benchmark_min_time=0.2 --benchmark_counters_tabular=true; }
churn() { build/churn_bench; }
log() { build/log_bench --benchmark_min_time=0.2; }
rules() {
  local part
  for part in kinds windows second memory; do
    echo "-- $part"
    build/rules_bench --part $part
  done
  echo "-- beside Prometheus"
  python3 tests/bench/prometheus_rules.py build
}
storage() {
  local values
  for values in counter gauge precise; do
    echo "-- $values"
    build/storage_bench --values $values
  done
  build/storage_bench --series 200000 --minutes 31
  build/storage_bench --part restart
}
delivery() { build/delivery_bench; }
latency() { for _ in 1 2 3; do build/latency_bench; done; }

if [ $# = 0 ]; then set -- ingest query rules churn log storage delivery latency; fi
for part in "$@"; do
  case $part in
    ingest | query | rules | churn | log | storage | delivery | latency) echo "== $part"; $part ;;
    *) echo "bench: unknown part '$part'" >&2; exit 2 ;;
  esac
done
