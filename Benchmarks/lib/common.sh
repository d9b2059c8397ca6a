# Sourced: what the benchmarks share. The caller sources scripts/lib/loopback.sh before it and sets `seconds`.

work=${work-}
seconds=${seconds-}
binary=${binary-}

export BENCH_WRK=Benchmarks/wrk
export ETCDCTL_API=3

others=() # pids of running processes that stop_everything stops, beside those of stop_all

# keep_running PID...: lets the next start_server or start_etcd set its variables without losing these processes.
keep_running() { others+=("$@"); }

# forget PID: the process has ended, and its pid may become another's.
forget() {
    local pid rest=()
    for pid in "${others[@]}"; do [[ $pid == "$1" ]] || rest+=("$pid"); done
    others=("${rest[@]}")
}

# Stops every process: the newest first, so that a server stops before its etcd.
stop_everything() {
    local index
    stop_all
    for ((index = ${#others[@]} - 1; index >= 0; index--)); do stop "${others[index]}"; done
}

# build_server: prints the path of the release build.
build_server() {
    require /usr/include/sqlite3.h /usr/include/zlib.h
    require_swift
    swift build -c release --product policy-server >&2
    echo "$(swift build -c release --show-bin-path)/policy-server"
}

# with_wrk SCRIPT URL CONNECTIONS [SECONDS]: prints "answers rate bad p50 p99".
with_wrk() {
    local threads=2
    (($3 >= 2)) || threads=1
    # Names are distinct from those of every other run.
    BENCH_RUN=$(date +%s%N) wrk -t "$threads" -c "$3" -d "${4:-$seconds}s" --timeout 20s \
        -s "Benchmarks/wrk/$1" "$2" |
        sed -n 's/^RESULT //p'
}

# median COLUMN FILE
median() { awk -v column="$1" '{ print $column }' "$2" | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
sum() { awk -v column="$1" '{ total += $column } END { print total + 0 }' "$2"; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.2f", a / b; else printf "-" }'; }

# cpu_ticks PID: prints the CPU time that the process has used, in clock ticks.
cpu_ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'; }

# cpu_ticks_when_idle PID: the same, as soon as the process has used less than 3 % of a core for half a second. Work that
# was left for the background counts too. It waits for ten minutes at most.
cpu_ticks_when_idle() {
    local before now deadline=$((SECONDS + 600)) most
    most=$(($(getconf CLK_TCK) * 3 / 200))
    before=$(cpu_ticks "$1")
    while :; do
        sleep 0.5
        now=$(cpu_ticks "$1")
        ((now - before > most && SECONDS < deadline)) || break
        before=$now
    done
    echo "$now"
}

# Prints the protobuf varint of a number as printf escapes.
varint() {
    local number=$1
    while ((number > 127)); do
        printf '\\x%02x' $((number % 128 + 128))
        number=$((number / 128))
    done
    printf '\\x%02x' "$number"
}

# Writes one gRPC message: etcdserverpb.PutRequest {1: key, 2: value of 600 bytes} after its 5-byte prefix.
write_put_request() {
    local key=/bench/grpc/00000000000000000000000000 value message
    printf -v value 'policy%.0s' {1..100}
    message="\\x0a$(varint ${#key})$key\\x12$(varint ${#value})$value"
    printf '%b' "$message" >"$work/message"
    local length
    length=$(wc -c <"$work/message")
    printf '%b' "\\x00\\x00\\x00\\x$(printf %02x $((length / 256)))\\x$(printf %02x $((length % 256)))" \
        | cat - "$work/message" >"$work/put.grpc"
}

etcd_revision() {
    etcdctl --endpoints "$1" endpoint status -w json | jq '.[0].Status.header.revision'
}

# with_h2load STREAMS URL: prints "answers rate bad p50 p99" of raw gRPC Puts on one connection.
with_h2load() {
    local before after log=$work/h2load.log
    rm -f "$log"
    before=$(etcd_revision "$2")
    h2load -c 1 -m "$1" -D "$seconds" --log-file="$log" -d "$work/put.grpc" \
        -H 'content-type: application/grpc' -H 'te: trailers' \
        "$2/etcdserverpb.KV/Put" >"$work/h2load.out"
    after=$(etcd_revision "$2")
    # Counts etcd's commits and not h2load's successes: a gRPC error also has HTTP status 200.
    sort -n -k 3 "$log" | awk -v committed=$((after - before)) -v seconds="$seconds" '
        { latency[NR] = $3; if ($2 != 200) bad++ }
        END { printf "%d %.1f %d %d %d\n", committed, committed / seconds, bad,
              latency[int((NR + 1) / 2)], latency[int(NR * 0.99 + 0.5)] }'
}

# ledger_agrees ETCD_URL LEDGER: fails unless etcd and the ledger have the same number of wrk's policies.
ledger_agrees() {
    local accepted stored prefix=/calico/resources/v3/projectcalico.org/globalnetworkpolicies/bench
    accepted=$(sqlite3 -readonly "$2" \
        "SELECT count(*) FROM audit WHERE outcome = 'accepted' AND name LIKE 'bench-%'")
    stored=$(jq -n --arg first "$prefix-" --arg last "$prefix." \
        '{key: ($first | @base64), range_end: ($last | @base64), count_only: true}' |
        curl -fsS --data @- "$1/v3/kv/range" | jq -r '.count // "0"')
    echo "Policies in etcd: $stored. Their rows in the ledger: $accepted."
    [[ $stored -eq $accepted ]]
}

# with_policy URL NAME: creates a policy with the body of put-policy.lua.
with_policy() {
    sed -n 's/^local body = \[\[\(.*\)\]\]$/\1/p' Benchmarks/wrk/put-policy.lua | sed "s/%s/$2/" |
        curl -fsS -X PUT -H 'Content-Type: application/json' --data-binary @- "$1/v1/policies/$2" >/dev/null
}

# time_to_ready DATA ETCD_URL: starts a server that may take minutes, and appends the milliseconds until it is ready to
# the file DATA.ready. Sets server_url and server_pid.
time_to_ready() {
    local address started
    address=127.0.0.1:$(free_port)
    started=$(date +%s%N)
    "$binary" serve --listen "$address" --data-dir "$1" --etcd "$2" >"$1.log" 2>&1 &
    server_pid=$!
    server_url=http://$address
    python3 Benchmarks/lib/ready.py "$server_url" "$started" "$server_pid" >>"$1.ready" ||
        { tail -n 20 "$1.log" >&2; return 1; }
}

# stop_when_idle: stops the server that was started last, when its ledger is up to date.
stop_when_idle() {
    cpu_ticks_when_idle "$server_pid" >/dev/null
    stop "$server_pid"
    server_pid=''
}
