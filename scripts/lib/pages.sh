# The test DocumentedCommandsTests puts this before the commands of a page.
# shellcheck shell=bash disable=SC2154  # scratch is the folder of the test

# begin NUMBER: notes the block, so that the test can name it if a command fails.
begin() { echo "$1" >"$scratch/block"; }

# Like curl, but fails if the status is 400 or more, or differs from $expected_status. A stream without end
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

# systemctl COMMAND: asks the test to stop or start the server, and waits for it.
systemctl() {
    printf %s "$1" >"$scratch/request.new"
    mv "$scratch/request.new" "$scratch/request"
    until [[ -e $scratch/answer ]]; do sleep 0.05; done
    rm "$scratch/answer"
}
