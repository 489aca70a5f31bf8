#!/bin/sh
# Makes this checkout able to run (`run`) or to be tested (`test`): a virtual environment with exactly the pinned
# packages, the broker's program and, for tests, a browser. Does nothing that is already done; safe to repeat.
set -eu
cd "$(dirname "$0")/.."
want="${1:-run}"
case "$want" in
run) lock=requirements.lock ;;
test) lock=requirements-dev.lock ;;
*) echo "usage: deploy/setup.sh run|test" >&2; exit 2 ;;
esac

find_python() {
    for candidate in python3.13 python3.12 python3.11 python3; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys, venv, ensurepip; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "Python 3.11 or newer with the venv module is needed: install the packages python3 and python3-venv." >&2
    exit 1
}

install_packages() {
    need=""
    command -v nats-server >/dev/null 2>&1 || [ -x /usr/sbin/nats-server ] || need="$need nats-server"
    if [ "$want" = test ]; then
        command -v chromium >/dev/null 2>&1 || need="$need chromium"
    fi
    # Documents are set in it; without it in typst's own serif.
    [ -d /usr/share/fonts/truetype/noto ] || need="$need fonts-noto-core"
    [ -n "$need" ] || return 0
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo -n"
    if ! command -v apt-get >/dev/null 2>&1 || { [ -n "$as_root" ] && ! sudo -n true 2>/dev/null; }; then
        echo "Missing programs:$need. Install them with your system's package manager, then run this again:" >&2
        echo "    sudo apt-get install$need" >&2
        exit 1
    fi
    echo "Installing$need ..."
    $as_root apt-get update -qq
    # shellcheck disable=SC2086  # a list of names
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $need >/dev/null
}

install_python_packages() {
    stamp=".venv/.installed"
    sum=$(cat requirements.lock "$lock" pyproject.toml | sha256sum | cut -d' ' -f1)
    # The test environment holds everything of the run environment.
    if [ -f "$stamp" ] && grep -qx "test $sum" "$stamp"; then return 0; fi
    if [ "$want" = run ] && [ -f "$stamp" ]; then
        testsum=$(cat requirements.lock requirements-dev.lock pyproject.toml | sha256sum | cut -d' ' -f1)
        grep -qx "test $testsum" "$stamp" && return 0
        grep -qx "run $sum" "$stamp" && return 0
    fi
    python=$(find_python)
    [ -x .venv/bin/python ] || { echo "Making .venv with $("$python" --version) ..."; "$python" -m venv .venv; }
    echo "Installing $lock ..."
    .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r "$lock"
    .venv/bin/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
    echo "$want $sum" >"$stamp"
}

install_packages
install_python_packages
