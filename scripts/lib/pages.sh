# Comes before the commands of a page, which the test DocumentedCommandsTests runs.
# shellcheck shell=bash disable=SC2154  # scratch is the folder of the test

# The test shows which block had been reached when a command failed.
begin() { echo "$1" >"$scratch/block"; }

# As curl, but fails when the status is 400 or more, or not $expected_status. What follows a stream without end
# (-N) is cut off after three seconds.
curl() {
    local expected=${expected_status:-} headers="$scratch/headers.$BASHPID" code=0 limit=60 argument status
    for argument; do [[ $argument != -N ]] || limit=3; done
    command curl --silent --show-error --max-time "$limit" --dump-header "$headers" "$@" || code=$?
    if [[ $code != 0 && ! ($code == 28 && $limit == 3) ]]; then
        echo "curl $*: exit $code" >&2
        return "$code"
    fi
    status=$(awk '/^HTTP\// {status = $2} END {print status}' "$headers")
    if [[ -n $expected && $status == "$expected" || -z $expected && $status -lt 400 ]]; then return 0; fi
    echo "curl $*: status $status, expected ${expected:-below 400}" >&2
    return 22
}

# The test stops and starts the server.
systemctl() {
    printf %s "$1" >"$scratch/request.new"
    mv "$scratch/request.new" "$scratch/request"
    until [[ -e $scratch/answer ]]; do sleep 0.05; done
    rm "$scratch/answer"
}
