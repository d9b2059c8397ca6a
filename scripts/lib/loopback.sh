# Sourced: runs a private etcd and a policy-server on free loopback ports, and stops them by their pids.
# The caller makes the directory `work` (data and logs) and removes it after `stop_all`.

work=${work-}
etcd_pid=''
server_pid=''

# free_port: prints a free loopback port below Linux's ephemeral range.
free_port() {
    local port
    for _ in {1..100}; do
        port=$((20000 + RANDOM % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
    echo "error: no free loopback port found" >&2
    return 1
}

# await SECONDS PID COMMAND...: waits until the command succeeds; fails if PID ends or time is up.
await() {
    local deadline=$((SECONDS + $1)) pid=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        if ! kill -0 "$pid" 2>/dev/null || ((SECONDS >= deadline)); then return 1; fi
        sleep 0.1
    done
}

# start_etcd: starts etcd with its data in $etcd_data, by default under $work, and sets etcd_url and etcd_pid.
start_etcd() {
    local client peer data=${etcd_data:-$work/etcd}
    client=$(free_port)
    peer=$(free_port)
    etcd_url=http://127.0.0.1:$client
    etcd --name quickstart --data-dir "$data" \
        --listen-client-urls "$etcd_url" --advertise-client-urls "$etcd_url" \
        --listen-peer-urls "http://127.0.0.1:$peer" \
        --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
        --initial-cluster "quickstart=http://127.0.0.1:$peer" \
        >"$data.log" 2>&1 &
    etcd_pid=$!
    if ! await 30 "$etcd_pid" curl -fsS "$etcd_url/health"; then
        echo "error: etcd did not start:" >&2
        tail -n 20 "$data.log" >&2
        return 1
    fi
}

# start_server BINARY ADDRESS DATA_DIR [ARGUMENT...]: sets server_url and server_pid; returns when the server is ready.
# The log is $server_log, by default $work/server.log.
start_server() {
    local binary=$1 address=$2 data=$3 log=${server_log:-$work/server.log}
    shift 3
    server_url=http://$address
    "$binary" serve --listen "$address" --data-dir "$data" "$@" >"$log" 2>&1 &
    server_pid=$!
    if ! await 60 "$server_pid" curl -fsS "$server_url/readyz"; then
        echo "error: policy-server did not become ready:" >&2
        tail -n 20 "$log" >&2
        return 1
    fi
}

# stop PID: asks the process to end, and kills it after 10 seconds.
stop() {
    [[ -n $1 ]] || return 0
    kill -TERM "$1" 2>/dev/null || return 0
    for _ in {1..100}; do
        kill -0 "$1" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

# stop_all: stops the server, and then its etcd.
stop_all() {
    stop "$server_pid"
    stop "$etcd_pid"
    server_pid=''
    etcd_pid=''
}
