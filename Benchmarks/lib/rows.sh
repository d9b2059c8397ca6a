# Sourced by Benchmarks/run: sets up and measures its rows. Each measurement appends a line to a file in $work:
# "answers rate bad p50 p99", unless its function says otherwise.
# shellcheck disable=SC2034,SC2154  # Benchmarks/run, table.sh and scripts/lib/loopback.sh set and use the others

main_etcd='' before_etcd='' pair_etcd='' start_etcd_url=''

# set_up: starts what the rows need, and lets connections, caches and the first policy's tiers warm up.
set_up() {
    if wants 1 2 3 4 5 6 9 10; then
        start_etcd
        main_etcd=$etcd_url
        start_server "$binary" "127.0.0.1:$(free_port)" "$work/data" --etcd "$main_etcd"
        main_url=$server_url
        main_pid=$server_pid
        keep_running "$etcd_pid" "$server_pid"
        with_wrk put-policy.lua "$main_url" 64 2 >/dev/null
    fi
    if wants 1 2 4; then
        write_put_request
        with_wrk put-gateway.lua "$main_etcd" 64 2 >/dev/null
    fi
    if wants 5 6 10; then create_listed_policies; fi
    if wants 5; then start_plain_server; fi
    if wants 6; then start_nginx; fi
    if wants 7; then
        # On an etcd of its own: the other rows must not pay for a second server that follows their changes.
        etcd_data=$work/pair-etcd start_etcd
        keep_running "$etcd_pid"
        pair_etcd=$etcd_url
    fi
    if wants 8; then fill_for_start; fi
    if wants 9 && [[ -n $before ]]; then
        # On an etcd of its own: a server follows all changes of its etcd, and that costs CPU time.
        etcd_data=$work/before-etcd start_etcd
        before_etcd=$etcd_url
        server_log=$work/before.log start_server "$before" "127.0.0.1:$(free_port)" "$work/before" --etcd "$before_etcd"
        before_url=$server_url
        before_pid=$server_pid
        keep_running "$etcd_pid" "$server_pid"
        with_wrk put-policy.lua "$before_url" 64 2 >/dev/null
    fi
}

measure_round() {
    if wants 1 2 9; then
        curl -fsS "$main_url/metrics" >"$work/stages.$round.1"
        put_counting_cpu "$main_url" "$main_pid" >>"$work/server64"
        curl -fsS "$main_url/metrics" >"$work/stages.$round.2"
    fi
    if wants 9 && [[ -n $before ]]; then put_counting_cpu "$before_url" "$before_pid" >>"$work/before64"; fi
    if wants 1; then with_wrk put-gateway.lua "$main_etcd" 64 >>"$work/gateway64"; fi
    if wants 2; then with_h2load 64 "$main_etcd" >>"$work/grpc64"; fi
    if wants 3; then
        hundred_policies >>"$work/hundred.all"
        hundred_at_once >>"$work/at-once.all"
    fi
    if wants 4; then
        with_wrk put-policy.lua "$main_url" 1 >>"$work/server1"
        with_h2load 1 "$main_etcd" >>"$work/grpc1"
        python3 Benchmarks/lib/sqlite_commit.py "$work/commit.sqlite" "$seconds" >>"$work/commit1"
    fi
    if wants 5; then
        with_wrk get.lua "$main_url/v1/policies/a-listed-1" 64 >>"$work/get64"
        with_wrk get.lua "$plain_url/v1/policies/a-listed-1" 64 >>"$work/plain64"
    fi
    if wants 6; then
        with_wrk get.lua "$main_url/v1/policies?limit=100" 64 >>"$work/list64"
        with_wrk get.lua "$nginx_url/list.json" 64 >>"$work/nginx64"
    fi
    if wants 7; then measure_pair; fi
    if wants 8; then measure_start; fi
    if wants 10; then measure_crowd; fi
}

# put_counting_cpu URL PID: row 1's load. Prints a sixth column: CPU seconds of the server per 1,000 accepted writes.
put_counting_cpu() {
    local before line after
    before=$(cpu_ticks_when_idle "$2")
    line=$(with_wrk put-policy.lua "$1" 64)
    after=$(cpu_ticks_when_idle "$2")
    awk -v ticks=$((after - before)) -v hertz="$(getconf CLK_TCK)" \
        '{ printf "%s %.3f\n", $0, ticks / hertz * 1000 / ($1 - $3) }' <<<"$line"
}

# Prints "microseconds bad" of one hundred PUTs, one after the other on one connection.
hundred_policies() {
    local config=$work/hundred index started
    : >"$config"
    local run
    run=$(date +%s%N)
    for index in {1..100}; do
        cat >>"$config" <<CURL
next
url = "$main_url/v1/policies/hundred-$run-$index"
request = "PUT"
header = "Content-Type: application/json"
data = "{\"apiVersion\":\"projectcalico.org/v3\",\"kind\":\"GlobalNetworkPolicy\",\"metadata\":{\"name\":\"hundred-$run-$index\"},\"spec\":{\"selector\":\"all()\",\"types\":[\"Ingress\"],\"ingress\":[{\"action\":\"Allow\"}]}}"
output = "/dev/null"
write-out = "%{http_code}\\n"
CURL
    done
    sed -i 1d "$config"
    started=$(date +%s%N)
    curl --silent --config "$config" >"$work/hundred.out"
    printf '%d %d\n' $((($(date +%s%N) - started) / 1000)) "$(grep -vc '^201$' "$work/hundred.out")"
}

# Prints the microseconds of the same hundred in one request, and the number that were not created.
hundred_at_once() {
    local run started
    run=$(date +%s%N)
    jq -n --arg run "$run" '[range(100) | {
        apiVersion: "projectcalico.org/v3", kind: "GlobalNetworkPolicy",
        metadata: {name: "at-once-\($run)-\(.)"},
        spec: {selector: "all()", types: ["Ingress"], ingress: [{action: "Allow"}]}}]' >"$work/hundred.json"
    started=$(date +%s%N)
    curl --silent --request POST --header 'Content-Type: application/json' \
        --data-binary "@$work/hundred.json" "$main_url/v1/apply" >"$work/at-once.out"
    printf '%d %d\n' $((($(date +%s%N) - started) / 1000)) \
        $((100 - $(jq '[.changes[]? | select(.verb == "create")] | length' "$work/at-once.out")))
}

# Creates the policies that the list of row 6 shows: their names come before all others. They are those of put-policy.lua.
create_listed_policies() {
    sed -n 's/^local body = \[\[\(.*\)\]\]$/\1/p' Benchmarks/wrk/put-policy.lua |
        jq -c '. as $policy | [range(1; 101) | . as $number | $policy | .metadata.name = "a-listed-\($number)"]' |
        curl -fsS -X POST -H 'Content-Type: application/json' --data-binary @- "$main_url/v1/apply" >/dev/null
}

# Starts the plain SwiftNIO server of row 5, with an answer of the server: its header fields and its bytes.
start_plain_server() {
    local port
    port=$(free_port)
    curl -fsS -D "$work/get.head" -o "$work/get.body" "$main_url/v1/policies/a-listed-1"
    "$peers" answer "$port" "$work/get.head" "$work/get.body" >"$work/plain.log" 2>&1 &
    plain_url=http://127.0.0.1:$port
    keep_running $!
    await 10 $! curl -fsS "$plain_url" || { cat "$work/plain.log" >&2; return 1; }
    curl -fsS "$plain_url" | cmp - "$work/get.body"
}

# Starts the nginx of row 6, with the list's bytes as a file.
start_nginx() {
    local port
    port=$(free_port)
    mkdir "$work/www"
    curl -fsS -o "$work/www/list.json" "$main_url/v1/policies?limit=100"
    [[ $(jq '[.items[].metadata.name | select(startswith("a-listed-"))] | length' "$work/www/list.json") -eq 100 ]]
    cat >"$work/nginx.conf" <<NGINX
worker_processes auto;
user $(id -un);
pid $work/nginx.pid;
error_log $work/nginx.log;
events { worker_connections 1024; }
http {
    access_log off;
    sendfile on;
    keepalive_requests 1000000000;
    types { application/json json; }
    server { listen 127.0.0.1:$port; root $work/www; }
}
NGINX
    nginx -c "$work/nginx.conf" -g 'daemon off;' 2>"$work/nginx.err" &
    nginx_url=http://127.0.0.1:$port
    keep_running $!
    await 10 $! curl -fsS "$nginx_url/list.json" || { cat "$work/nginx.err" "$work/nginx.log" >&2; return 1; }
}

# Row 7: one server alone; then a second one beside it, and the same clients over both; then the clients on the first
# alone, while the second only follows.
measure_pair() {
    local first_url first_pid other
    server_log=$work/first.log start_server "$binary" "127.0.0.1:$(free_port)" "$work/first" --etcd "$pair_etcd"
    first_url=$server_url first_pid=$server_pid
    with_wrk put-policy.lua "$first_url" 64 1 >/dev/null
    with_wrk put-policy.lua "$first_url" 64 >>"$work/alone64"
    keep_running "$first_pid" # if this is interrupted
    server_log=$work/second.log start_server "$binary" "127.0.0.1:$(free_port)" "$work/second" --etcd "$pair_etcd"
    with_wrk put-policy.lua "$server_url" 64 1 >/dev/null
    cpu_ticks_when_idle "$first_pid" >/dev/null
    cpu_ticks_when_idle "$server_pid" >/dev/null
    with_wrk put-policy.lua "$first_url" 32 >"$work/half" &
    other=$!
    with_wrk put-policy.lua "$server_url" 32 >"$work/other-half"
    wait "$other"
    awk '{ answers += $1; rate += $2; bad += $3 } END { print answers, rate, bad, 0, 0 }' \
        "$work/half" "$work/other-half" >>"$work/pair64"
    with_wrk put-policy.lua "$first_url" 64 >>"$work/followed64"
    stop_when_idle
    stop "$first_pid"
    forget "$first_pid"
}

# Fills an etcd for row 8, and starts a server on it for the first time, which makes the ledger.
fill_for_start() {
    etcd_data=$work/start-etcd start_etcd
    keep_running "$etcd_pid"
    start_etcd_url=$etcd_url
    start_server "$binary" "127.0.0.1:$(free_port)" "$work/prototype" --etcd "$start_etcd_url"
    with_policy "$server_url" copy-0
    stop_when_idle
    echo "writing $policies policies" >&2
    python3 Benchmarks/lib/copies.py "$start_etcd_url" policies "$policies"
    time_to_ready "$work/new" "$start_etcd_url"
    stop_when_idle
    mv "$work/new.ready" "$work/start-new"
    mv "$work/new" "$work/start"
}

# Row 8: a start with a ledger that is up to date, and a paged read of the same keys: "keys milliseconds".
measure_start() {
    time_to_ready "$work/start" "$start_etcd_url"
    stop_when_idle
    "$peers" range "$start_etcd_url" /calico/resources/v3/projectcalico.org/globalnetworkpolicies/ >>"$work/range"
}

followers=200 readers=50

# Row 10: row 1's load without and with followers of the audit stream and readers of lists.
measure_crowd() {
    local crowd
    with_wrk put-policy.lua "$main_url" 64 >>"$work/quiet64"
    python3 Benchmarks/lib/crowd.py "$main_url" $followers $readers >"$work/crowd.out" &
    crowd=$!
    keep_running "$crowd"
    await 60 "$crowd" grep -q ready "$work/crowd.out" || { echo "error: the followers do not connect" >&2; return 1; }
    with_wrk put-policy.lua "$main_url" 64 >>"$work/crowd64"
    kill -TERM "$crowd"
    wait "$crowd"
    forget "$crowd"
    tail -n 1 "$work/crowd.out" >>"$work/crowd"
}
