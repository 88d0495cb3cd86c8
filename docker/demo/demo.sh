#!/usr/bin/env bash
# The demonstration behind `./dev demo`: this machine's own metrics, one monitor, a page and its close.
set -euo pipefail
cd "$(dirname "$0")/../.."

stay=false
for argument in "$@"; do
  case $argument in
    --stay) stay=true ;;
    *) echo "demo: unknown option '$argument' (there is --stay)" >&2; exit 2 ;;
  esac
done

dir=build/demo
rm -rf "$dir"
mkdir -p "$dir"
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
}
trap finish EXIT
trap 'exit 130' INT TERM

# The usual port if it is free, else one that is.
port() {
  local port=$1
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1000)); done
  echo "$port"
}
grpc=127.0.0.1:$(port 4317)
http=127.0.0.1:$(port 4318)
admin=127.0.0.1:$(port 9095)
opsgenie=127.0.0.1:$(port 8089)
key=11111111-2222-3333-4444-555555555555

# Waits until a command succeeds; "what" and seconds first.
await() {
  local what=$1 seconds=$2 deadline=$((SECONDS + $2))
  shift 2
  until "$@" >/dev/null 2>&1; do
    if [ $SECONDS -ge $deadline ]; then
      echo "demo: $what did not happen within $seconds s; logs are in $dir" >&2
      exit 1
    fi
    sleep 0.2
  done
}
get() { exec 3<>"/dev/tcp/${1%:*}/${1#*:}" && printf 'GET %s HTTP/1.0\r\nHost: demo\r\n\r\n' "$2" >&3 && cat <&3; }
ready() { get "$admin" /-/ready | head -1 | grep -q ' 200 '; }
printed() { grep -q "$1" "$dir/pages.txt"; }

echo "== Starting an OpsGenie simulator on $opsgenie and Tocsin (gRPC $grpc, admin http://$admin)"
build/opsgenie-sim --listen "$opsgenie" --key $key --print >"$dir/pages.txt" 2>"$dir/opsgenie.log" &
pids+=($!)
sed "s#http://127.0.0.1:8089#http://$opsgenie#" docker/demo/tocsin.yaml >"$dir/tocsin.yaml"
cp -r docker/demo/rules "$dir/rules"
OPSGENIE_API_KEY=$key build/tocsin serve --config "$dir/tocsin.yaml" --data-dir "$dir/data" \
  --grpc-listen "$grpc" --http-listen "$http" --admin-listen "$admin" 2>"$dir/tocsin.log" &
pids+=($!)
await "Tocsin being ready" 20 ready

echo "== Sending this machine's CPU, memory, load, disks and network every second over OTLP/gRPC"
build/tocsin send host --endpoint "$grpc" --interval 1s >"$dir/send.log" 2>&1 &
pids+=($!)
tail -n +1 -f "$dir/pages.txt" --pid=$$ 2>/dev/null | sed -u 's/^/   [OpsGenie] /' &
pids+=($!)
sleep 4

echo "== Keeping every core busy until the page comes (the monitor is in docker/demo/rules/host.yaml)"
burst=()
for _ in $(seq "$(nproc)"); do
  timeout 40 sh -c 'while :; do :; done' &
  burst+=($!)
done
pids+=("${burst[@]}")
await "the page" 40 printed ' PAGE '
build/tocsin alerts --server "http://$admin" || true
echo "== Load ends; the page closes when the CPU has calmed down"
for pid in "${burst[@]}"; do kill "$pid" 2>/dev/null || true; done
await "the close" 60 printed ' CLOSE '

get "$admin" /metrics >"$dir/metrics.txt"
echo
echo "== Summary"
awk '
  /^tocsin_ingest_samples_total\{.*otlp_grpc/ { samples = $2 }
  /^tocsin_series / { series = $2 }
  /^tocsin_page_latency_seconds_sum/ { sum += $2 }
  /^tocsin_page_latency_seconds_count/ { count += $2 }
  END {
    printf "   %d samples of %d series taken, each durable before it was acknowledged\n", samples, series
    if (count > 0) printf "   acknowledged sample to the page accepted by the receiver: %.1f ms\n", 1000 * sum / count
  }' "$dir/metrics.txt"
echo "   the page opened, and closed by itself; what was sent: $dir/pages.txt, logs: $dir/tocsin.log"
echo "   page for real:  OPSGENIE_API_KEY=... build/tocsin serve --config docker/tocsin.yaml"
if $stay; then
  echo "== Still running (--stay): http://$admin/api/v1/alerts, /metrics; Ctrl-C ends it"
  wait
fi
