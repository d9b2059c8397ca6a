# Sourced: installs the system's packages that the scripts need, with apt, if they are missing.

# package_of NAME: prints the Debian and Ubuntu package that has a command or file.
package_of() {
    case $1 in
        /etc/ssl/certs/ca-certificates.crt) echo ca-certificates ;;
        etcd) echo etcd-server ;;
        etcdctl) echo etcd-client ;;
        h2load | nghttp) echo nghttp2-client ;;
        nginx) echo nginx-light ;;
        perf) echo linux-perf ;; # Debian's name
        python-cryptography) echo python3-cryptography ;;
        python-venv) echo python3-venv ;;
        readelf | strip) echo binutils ;;
        systemd-analyze) echo systemd ;;
        /usr/bin/chattr) echo e2fsprogs ;;
        /usr/include/sqlite3.h) echo libsqlite3-dev ;;
        /usr/include/zlib.h) echo zlib1g-dev ;;
        *) echo "$1" ;;
    esac
}

# is_present NAME: succeeds if a command (a name), a file (a path), or one of the Python modules below is installed.
is_present() {
    case $1 in
        /*) [[ -e $1 ]] ;;
        python-cryptography) python3 -c 'import cryptography' 2>/dev/null ;;
        python-venv) python3 -c 'import ensurepip, venv' 2>/dev/null ;;
        *) command -v "$1" >/dev/null ;;
    esac
}

as_root() {
    if [[ $(id -u) -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

# Installs packages without letting any of them start a service: a freshly installed etcd-server
# would otherwise listen on 2379 at once, and again after each boot.
install_packages() (
    local guard=/usr/sbin/policy-rc.d etcd_was_there=yes
    # Scripts that run side by side install one after the other.
    exec 9>"${TMPDIR:-/tmp}/policy-server-packages.lock"
    flock 9
    command -v etcd >/dev/null || etcd_was_there=no
    if [[ ! -e $guard ]]; then
        trap 'as_root rm -f "$guard"' EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$guard" >/dev/null
        as_root chmod 755 "$guard"
    fi
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120)
    as_root "${apt[@]}" update </dev/null
    as_root "${apt[@]}" install -y --no-install-recommends "$@" </dev/null
    if [[ $etcd_was_there == no ]] && command -v systemctl >/dev/null; then
        as_root systemctl disable etcd.service >/dev/null 2>&1 || true
    fi
)

# require NAME...: installs every command or file that is missing, or prints the packages to install.
require() {
    local name packages=()
    for name in "$@"; do
        is_present "$name" || packages+=("$(package_of "$name")")
    done
    if [[ ${#packages[@]} -gt 0 ]]; then
        if ! command -v apt-get >/dev/null; then
            echo "error: missing ${packages[*]}, and this is not a Debian or Ubuntu machine" >&2
            return 1
        fi
        echo "Installing ${packages[*]}" >&2
        install_packages "${packages[@]}" >&2
    fi
    for name in "$@"; do
        is_present "$name" && continue
        echo "error: $name is still missing after installing $(package_of "$name")" >&2
        return 1
    done
}

# promtool_path: prints the path of Prometheus' promtool, from PATH or from Debian's package. The package is unpacked in
# .build and not installed, because it would bring a service and its user to the machine.
promtool_path() (
    set -e # a command substitution does not inherit it
    local folder=.build/prometheus
    if type -P promtool; then return; fi
    if [[ ! -x $folder/usr/bin/promtool ]]; then
        mkdir -p "$folder"
        as_root apt-get -q -o DPkg::Lock::Timeout=120 update </dev/null >&2
        (cd "$folder" && apt-get -q download prometheus >&2)
        dpkg-deb --fsys-tarfile "$folder"/prometheus_*.deb | tar -x -C "$folder" ./usr/bin/promtool
        rm "$folder"/prometheus_*.deb
    fi
    echo "$folder/usr/bin/promtool"
)

# require_swift: fails unless a Swift toolchain of 6.1 or later is on PATH.
require_swift() {
    local version
    if ! command -v swift >/dev/null; then
        echo "error: no swift on PATH; install Swift 6.1 or later (https://www.swift.org/install)" >&2
        return 1
    fi
    version=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+\.[0-9]+).*/\1/p' | head -n 1)
    if [[ -z $version || $(printf '6.1\n%s\n' "$version" | sort -V | head -n 1) != 6.1 ]]; then
        echo "error: Swift 6.1 or later is needed, and swift --version says ${version:-nothing}" >&2
        return 1
    fi
}
