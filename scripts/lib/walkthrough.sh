# Sourced: README's example of two regions that share one etcd, as curl requests.
# Needs server_url, etcd_endpoints, data, work and private_etcd; counts in `failures`.
# shellcheck disable=SC2154  # those are the caller's

failures=0
body=''
view='.'

heading() {
    if [[ -t 1 ]]; then printf '\n\033[1m%s\033[0m\n' "$1"; else printf '\n== %s\n' "$1"; fi
}

unexpected() {
    printf '   NOT AS EXPECTED: %s\n' "$1"
    failures=$((failures + 1))
}

# show FILE: prints it indented; JSON through the jq filter $view.
show() {
    [[ -s $1 ]] || return 0
    { jq -r "$view" "$1" 2>/dev/null || cat "$1"; } | sed 's/^/   /'
}

# call STATUSES METHOD PATH [CURL ARGUMENT...]: sends $body, if any, and prints request and answer.
# STATUSES are the expected ones, such as "200|201". Leaves the answer in $work/answer.
call() {
    local expected=$1 method=$2 path=$3 status
    shift 3
    local command=(curl --silent --show-error --max-time 30 --request "$method"
        --header 'X-Actor: quickstart' --header 'X-Reason: worked example' "$@")
    printf '\n> %s %s\n' "$method" "$path"
    if [[ -n $body ]]; then
        printf '   %s\n' "$body"
        command+=(--data-binary "$body")
    fi
    : >"$work/answer"
    : >"$work/headers"
    status=$("${command[@]}" --output "$work/answer" --dump-header "$work/headers" \
        --write-out '%{http_code}' "$server_url$path") || true
    body=''
    printf '< %s\n' "$status"
    { grep -iE '^(etag|location|x-change-id|warning):' "$work/headers" || true; } |
        tr -d '\r' | sed 's/^/   /'
    show "$work/answer"
    [[ "|$expected|" == *"|$status|"* ]] || unexpected "the status should be ${expected//|/ or }"
}

# expect DESCRIPTION FILTER: counts a failure unless the jq filter is true for the last answer.
expect() {
    # jq -e succeeds for an empty file.
    if [[ ! -s $work/answer ]] || ! jq -e "$2" "$work/answer" >/dev/null 2>&1; then
        unexpected "$1"
    fi
}

put_json() {
    local expected=$1 path=$2
    body=$3
    call "$expected" PUT "$path" --header 'Content-Type: application/json'
}

walk_through() {
    # An etcd that is not ours may have the example from an earlier run.
    local created=201
    [[ $private_etcd == yes ]] || created='200|201'

    regions_and_subnets "$created"
    refusals
    policy "$created"
    ledger
}

regions_and_subnets() {
    heading 'Two regions and the address blocks they own'
    put_json "$1" /v1/regions/xyz-west \
        '{"displayName": "West", "addressBlocks": ["10.1.0.0/16", "2001:db8:1::/48"]}'
    put_json "$1" /v1/regions/xyz-east \
        '{"displayName": "East", "addressBlocks": ["10.2.0.0/16", "2001:db8:2::/48"]}'

    heading 'Their subnets'
    put_json "$1" /v1/regions/xyz-west/subnets/vms '{"cidr": "10.1.0.0/17"}'
    put_json "$1" /v1/regions/xyz-east/subnets/vms '{"cidr": "10.2.0.0/17"}'

    heading 'A subnet in the first free block'
    body='{"name": "vms-v6", "prefixLength": 64, "ipVersion": 6}'
    # If etcd has the subnet already, the key returns the first answer, or the name is taken.
    call "$([[ $private_etcd == yes ]] && echo 201 || echo '201|409')" \
        POST /v1/regions/xyz-west/subnets --header 'Content-Type: application/json' \
        --header 'Idempotency-Key: quickstart-vms-v6'

    heading 'The settings for the hosts of a region'
    call 200 GET /v1/regions/xyz-west/config --header 'Accept: text/plain'
    grep -q '^OpenstackRegion = xyz-west$' "$work/answer" || unexpected 'felix.cfg line missing'
    grep -q '^openstack_region = xyz-west$' "$work/answer" || unexpected 'neutron.conf line missing'
}

refusals() {
    heading 'Refused: a subnet that overlaps another'
    put_json 409 /v1/regions/xyz-west/subnets/web '{"cidr": "10.1.100.0/24"}'
    expect 'the answer should name subnet vms' \
        '.conflicts[] | select(.kind == "Subnet" and .name == "vms" and .region == "xyz-west")'

    heading "Refused: a region whose block overlaps another region's"
    put_json 409 /v1/regions/xyz-north '{"addressBlocks": ["10.1.200.0/24"]}'
    expect 'the answer should name region xyz-west' \
        '.conflicts[] | select(.kind == "Region" and .name == "xyz-west")'

    heading "Refused: OpenStack's usual region name, which Calico does not allow"
    put_json 422 /v1/regions/RegionOne '{"addressBlocks": ["10.3.0.0/16"]}'
    expect 'the answer should suggest regionone' '.violations[] | select(.message | test("regionone"))'
}

policy() {
    local key
    heading 'A policy between regions: group a7734e61… accepts TCP 80 from group 85cc3048…'
    cat >"$work/policy.yaml" <<'YAML'
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata:
  name: allow-tcp-80
spec:
  selector: has(sg.projectcalico.org/openstack-a7734e61-b545-452d-a3cd-0189cbd9747a)
  types: [Ingress]
  ingress:
  - action: Allow
    protocol: TCP
    source:
      selector: has(sg.projectcalico.org/openstack-85cc3048-abc3-43cc-89b3-377341426ac5)
    destination:
      ports: [80]
YAML
    printf '\n$ cat policy.yaml\n'
    show "$work/policy.yaml"
    printf '$ curl -T policy.yaml -H "Content-Type: application/yaml" %s\n' \
        "$server_url/v1/policies/allow-tcp-80"
    call "$1" PUT /v1/policies/allow-tcp-80 --upload-file "$work/policy.yaml" \
        --header 'Content-Type: application/yaml'
    expect 'the policy should carry its types' '.spec.types == ["Ingress"]'

    heading 'The effect of deleting it (a dry run changes nothing)'
    call 200 DELETE '/v1/policies/allow-tcp-80?dryRun=true'
    expect 'the plan should be one delete' '.dryRun and .changes[0].verb == "delete"'
    key=$(jq -r '.changes[0].key // empty' "$work/answer" 2>/dev/null) || key=''

    heading 'The policy as Calico finds it in etcd'
    printf '\n$ etcdctl get %s\n' "$key"
    if ! ETCDCTL_API=3 etcdctl --endpoints "$etcd_endpoints" get "${key:-/none}" --print-value-only \
        >"$work/answer"; then
        unexpected 'etcdctl could not read it'
    fi
    show "$work/answer"
    expect 'the stored object should be what calicoctl can update' \
        '.kind == "GlobalNetworkPolicy" and .metadata.uid and .metadata.creationTimestamp
         and .spec.tier == "default" and .spec.types == ["Ingress"]'
}

ledger() {
    heading 'The audit ledger, newest first'
    view='.items[] | [.seq, .time, .actor, .verb, .kind, .name, .outcome, .status] | @tsv'
    call 200 GET '/v1/audit?limit=20'
    view='.'
    expect 'the refused region should be in it' \
        '.items[] | select(.kind == "Region" and .name == "RegionOne" and .outcome == "refused")'
    expect 'the refused subnet should be in it' \
        '.items[] | select(.kind == "Subnet" and .name == "web" and .outcome == "refused")'
    if [[ $private_etcd == yes ]]; then
        expect 'the policy should be in it' \
            '.items[] | select(.name == "allow-tcp-80" and .outcome == "accepted"
             and .actor == "quickstart" and .reason == "worked example")'
    fi

    heading 'The same rows in SQLite'
    local query='SELECT seq, origin, actor, verb, kind, name, outcome FROM audit ORDER BY seq DESC LIMIT 20'
    printf '\n$ sqlite3 -readonly audit.sqlite "%s"\n' "$query"
    sqlite3 -readonly -header -column "$data/audit.sqlite" "$query" >"$work/rows" ||
        unexpected 'sqlite3 could not read the ledger'
    show "$work/rows"
    grep -q RegionOne "$work/rows" || unexpected 'the refused region should be among the rows'
}
