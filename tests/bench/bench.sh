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

# load NAME PORT ARGUMENT..: what the server of $pid needs for it.
load() {
  local name=$1 target=$2
  shift 2
  echo "$name: $(build/ingest_load --target "127.0.0.1:$target" --series 100000 --samples-per-request 1000 --seconds 8 \
    --connections 2 --server-pid $pid "$@" | tail -n 2 | paste -sd ' ')"
}
# peer NAME READY PORT PROGRAM ARGUMENT.. -- ARGUMENT..: what another program needs for the same load; those after -- are the load's.
peer() {
  local name=$1 ready=$2 its_port=$3 command=() program
  shift 3
  while [ "$1" != -- ]; do command+=("$1"); shift; done
  shift
  program=${command[0]}
  if ! command -v "$program" >/dev/null && [ ! -x "$program" ]; then echo "$name: not installed, no peer"; return; fi
  "${command[@]}" 2>"$dir/peer.log" >&2 &
  pid=$!
  until grep -q "$ready" "$dir/peer.log"; do
    kill -0 $pid 2>/dev/null || { echo "$name: does not start: $(tail -n 1 "$dir/peer.log")"; pid=; return; }
    sleep 0.2
  done
  load "$name" "$its_port" "$@"
  stop
}
# Other receivers of the same requests, where they are installed (./dev test --ci fetches both kinds of Prometheus). None of them is on disk
# before it answers.
peers() {
  local debians=build/counterparts/usr/bin/prometheus
  if command -v prometheus >/dev/null; then debians=prometheus; fi
  rm -rf "$dir/peer" && mkdir -p "$dir/peer"
  : >"$dir/prometheus.yml"
  peer "Prometheus 2, remote_write, run $1" "Server is ready to receive" 39090 "$debians" --config.file="$dir/prometheus.yml" \
    --storage.tsdb.path="$dir/peer/2" --web.enable-remote-write-receiver --web.listen-address=127.0.0.1:39090 -- --protocol remote_write
  peer "Prometheus 3, otlp_http, run $1" "Server is ready to receive" 39091 build/counterparts/go/prometheus --config.file="$dir/prometheus.yml" \
    --storage.tsdb.path="$dir/peer/3" --web.enable-otlp-receiver --web.listen-address=127.0.0.1:39091 -- \
    --protocol otlp_http --path /api/v1/otlp/v1/metrics
  peer "VictoriaMetrics, remote_write, run $1" "started VictoriaMetrics" 38428 victoria-metrics -storageDataPath="$dir/peer/vm" \
    -httpListenAddr=127.0.0.1:38428 -- --protocol remote_write
}
ingest() {
  local run
  for run in 1 2 3; do
    start; load "otlp, run $run" "$port" --protocol otlp; stop
    start; load "otlp, attributes of the resource, run $run" "$port" --protocol otlp --in-resource; stop
    start; load "native, run $run" "$port" --protocol native; stop
    start; load "otlp_http, run $run" "$http_port" --protocol otlp_http; stop
    start; load "remote_write, run $run" "$http_port" --protocol remote_write; stop
    peers "$run"
  done
}
attack() { python3 tests/bench/attack.py build; }
# The memory of series that no rule wants: what half a million more of them take.
series() {
  local count resident
  for count in 500000 1000000; do
    start
    build/ingest_load --protocol otlp --target "127.0.0.1:$port" --series $count --samples-per-request 1000 --seconds 1 >"$dir/out"
    sleep 20  # the store's buffers are written and freed
    resident=$(awk '/^VmRSS/ {print $2}' /proc/$pid/status)
    echo "$count series: $resident kB resident"
    stop
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

if [ $# = 0 ]; then set -- ingest series attack query rules churn log storage delivery latency; fi
for part in "$@"; do
  case $part in
    attack | ingest | series | query | rules | churn | log | storage | delivery | latency) echo "== $part"; $part ;;
    *) echo "bench: unknown part '$part'" >&2; exit 2 ;;
  esac
done
