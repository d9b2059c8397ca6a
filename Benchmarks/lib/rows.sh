# Sourced by Benchmarks/run: sets up, measures and prints its rows. Each measurement appends a line to a file in $work:
# "answers rate bad p50 p99", unless its function says otherwise.
# shellcheck disable=SC2154  # Benchmarks/run and scripts/lib/loopback.sh set the other variables

main_etcd='' before_etcd=''

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
    if wants 9 && [[ -n $before ]]; then
        # On an etcd of its own: a server follows all changes of its etcd, and that costs CPU time.
        etcd_data=$work/before-etcd start_etcd
        before_etcd=$etcd_url
        server_log=$work/before.log start_server "$before" "127.0.0.1:$(free_port)" "$work/before" --etcd "$before_etcd"
        before_url=$server_url before_pid=$server_pid
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

print_rows() {
    local ours against
    if wants 1; then
        ours=$(median 2 "$work/server64") against=$(median 2 "$work/gateway64")
        row 1 'accepted writes/s, 64 clients' "$ours" "etcd's JSON gateway, 64 clients: $against" \
            "$(ratio "$ours" "$against")" '>= 1.0' '>= 1.5'
    fi
    if wants 2; then
        ours=$(median 2 "$work/server64") against=$(median 2 "$work/grpc64")
        row 2 'the same' "$ours" "raw gRPC Put, 64 in flight: $against" "$(ratio "$ours" "$against")" '>= 0.35' '>= 0.6'
    fi
    if wants 3; then
        ours=$(median 1 "$work/at-once.all") against=$(median 1 "$work/hundred.all")
        row 3 '100 policies in one request, start of curl included' "$((ours / 1000)) ms" \
            "100 PUTs one after the other: $((against / 1000)) ms" "$(ratio "$against" "$ours")" '>= 15' '>= 30'
    fi
    if wants 4; then
        local put commit
        put=$(median 4 "$work/grpc1") commit=$(median 4 "$work/commit1")
        ours=$(median 4 "$work/server1")
        row 4 'one client, p50 of an accepted write' "$ours us" "raw gRPC Put $put us + SQLite commit $commit us" \
            "$(ratio "$ours" $((put + commit)))" '<= 1.5' '<= 1.2'
        put=$(median 5 "$work/grpc1") commit=$(median 5 "$work/commit1")
        ours=$(median 5 "$work/server1")
        row "4'" 'the same, p99' "$ours us" "raw gRPC Put $put us + SQLite commit $commit us" \
            "$(ratio "$ours" $((put + commit)))" - -
    fi
    if wants 9; then
        ours=$(median 6 "$work/server64") against=-
        if [[ -n $before ]]; then against=$(median 6 "$work/before64"); fi
        row 9 'CPU seconds of the server per 1,000 accepted writes' "$ours" "before: $against" \
            "$(ratio "$ours" "$against")" '<= 0.5' '<= 0.35'
    fi
}

# check_answers: fails if an answer was not a success, or if etcd and a ledger disagree.
check_answers() {
    local bad=0 file failed=no
    for file in server64 before64 gateway64 grpc64 server1 grpc1; do
        [[ ! -e $work/$file ]] || bad=$((bad + $(sum 3 "$work/$file")))
    done
    for file in hundred.all at-once.all; do
        [[ ! -e $work/$file ]] || bad=$((bad + $(sum 2 "$work/$file")))
    done
    echo "Answers that were not a success: $bad."
    if [[ -n $main_etcd ]]; then ledger_agrees "$main_etcd" "$work/data/audit.sqlite" || failed=yes; fi
    if [[ -n $before_etcd ]]; then ledger_agrees "$before_etcd" "$work/before/audit.sqlite" || failed=yes; fi
    [[ $bad -eq 0 && $failed == no ]]
}
