# Sourced by Benchmarks/run: prints the rows, and checks the answers.
# shellcheck disable=SC2154  # Benchmarks/run and rows.sh set the variables

# judge RATIO "RELATION BAR" "RELATION AIM": prints if the ratio meets them.
judge() {
    awk -v ratio="$1" -v bar="$2" -v aim="$3" '
        function meets(limit,   part) {
            split(limit, part, " ")
            return part[1] == ">=" ? ratio >= part[2] : ratio <= part[2]
        }
        BEGIN { print ratio == "-" || bar == "-" ? "-" : meets(aim) ? "aim met" : meets(bar) ? "met" : "missed" }'
}

# row NUMBER WHAT OURS AGAINST RATIO BAR AIM: prints a row of the table.
row() { echo "| $1 | $2 | $3 | $4 | $5 | $6 | $7 | $(judge "$5" "$6" "$7") |"; }

# rate_row NUMBER WHAT OURS_FILE AGAINST_NAME AGAINST_FILE BAR AIM: a row of the median rates of two files.
rate_row() {
    local ours against
    ours=$(median 2 "$work/$3") against=$(median 2 "$work/$5")
    row "$1" "$2" "$ours" "$4: $against" "$(ratio "$ours" "$against")" "$6" "$7"
}

# latency_row NUMBER WHAT COLUMN BAR AIM: row 4 for one quantile.
latency_row() {
    local ours put commit
    ours=$(median "$3" "$work/server1") put=$(median "$3" "$work/grpc1") commit=$(median "$3" "$work/commit1")
    row "$1" "$2" "$ours us" "raw gRPC Put $put us + SQLite commit $commit us" \
        "$(ratio "$ours" $((put + commit)))" "$4" "$5"
}

print_rows() {
    local ours against
    if wants 1; then
        rate_row 1 'accepted writes/s, 64 clients' server64 "etcd's JSON gateway, 64 clients" gateway64 '>= 1.0' '>= 1.5'
    fi
    if wants 2; then
        rate_row 2 'the same' server64 'raw gRPC Put, 64 in flight' grpc64 '>= 0.35' '>= 0.6'
    fi
    if wants 3; then
        ours=$(median 1 "$work/at-once.all") against=$(median 1 "$work/hundred.all")
        row 3 '100 policies in one request, start of curl included' "$((ours / 1000)) ms" \
            "100 PUTs one after the other: $((against / 1000)) ms" "$(ratio "$against" "$ours")" '>= 15' '>= 30'
    fi
    if wants 4; then
        latency_row 4 'one client, p50 of an accepted write' 4 '<= 1.5' '<= 1.2'
        latency_row "4'" 'the same, p99' 5 - -
    fi
    if wants 5; then
        rate_row 5 'GET of one object/s, 64 connections' get64 'plain SwiftNIO server' plain64 '>= 0.6' '>= 0.8'
    fi
    if wants 6; then
        rate_row 6 'list of 100 policies/s, 64 connections' list64 'nginx, same bytes' nginx64 '>= 0.3' '>= 0.6'
    fi
    if wants 7; then
        rate_row 7 'writes/s of two replicas, 64 clients over both' pair64 'one replica alone' alone64 '>= 0.9' '>= 1.2'
        rate_row "7'" 'the same' pair64 'one of them, while the other only follows' followed64 - -
    fi
    if wants 8; then
        ours=$(median 1 "$work/start.ready") against=$(median 2 "$work/range")
        row 8 "start with $policies policies, to ready" "$ours ms" \
            "paged range of $(median 1 "$work/range") keys: $(printf %.0f "$against") ms" \
            "$(ratio "$ours" "$against")" '<= 3' '<= 2'
        ours=$(median 1 "$work/start-new")
        row "8'" 'the same with a new ledger' "$ours ms" "the same" "$(ratio "$ours" "$against")" - -
    fi
    if wants 9; then
        ours=$(median 6 "$work/server64") against=-
        if [[ -n $before ]]; then against=$(median 6 "$work/before64"); fi
        row 9 'CPU seconds of the server per 1,000 accepted writes' "$ours" "before: $against" \
            "$(ratio "$ours" "$against")" '<= 0.5' '<= 0.35'
    fi
    if wants 10; then
        rate_row 10 "writes/s with $followers followers and $readers list readers" crowd64 'without them' quiet64 \
            '>= 0.8' '>= 0.95'
    fi
}

# Prints what the crowd of row 10 did.
print_crowd() {
    echo "Row 10: $(median 1 "$work/crowd") of $followers followers were refused or lost. They received" \
        "$(median 5 "$work/crowd") MB and read $(median 3 "$work/crowd") lists in a round; the program that did so" \
        "took $(median 6 "$work/crowd") of a core."
}

# check_answers: fails if an answer was not a success, or if an etcd and a ledger disagree.
check_answers() {
    local bad=0 file failed=no
    for file in server64 before64 gateway64 grpc64 server1 grpc1 get64 plain64 list64 nginx64 alone64 pair64 followed64 \
        quiet64 crowd64; do
        [[ ! -e $work/$file ]] || bad=$((bad + $(sum 3 "$work/$file")))
    done
    for file in hundred.all at-once.all; do
        [[ ! -e $work/$file ]] || bad=$((bad + $(sum 2 "$work/$file")))
    done
    if [[ -e $work/crowd ]]; then
        bad=$((bad + $(sum 1 "$work/crowd") + $(sum 2 "$work/crowd") + $(sum 4 "$work/crowd")))
    fi
    echo "Answers that were not a success, and followers without rows: $bad."
    [[ -z $main_etcd ]] || ledger_agrees "$main_etcd" "$work/data/audit.sqlite" || failed=yes
    [[ -z $before_etcd ]] || ledger_agrees "$before_etcd" "$work/before/audit.sqlite" || failed=yes
    if [[ -n $pair_etcd ]]; then
        ledger_agrees "$pair_etcd" "$work/first/audit.sqlite" || failed=yes
        ledger_agrees "$pair_etcd" "$work/second/audit.sqlite" || failed=yes
    fi
    [[ $bad -eq 0 && $failed == no ]]
}
