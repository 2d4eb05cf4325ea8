#!/usr/bin/env bash
# Builds the whole workspace for the kiosk's processor (aarch64) with Debian's own cross tools:
# a root folder of Debian 12 holds the compiler for this machine and the libraries for the kiosk's.
# Rust comes from Debian too, because rustup's toolchains carry no standard library for aarch64
# until one is downloaded. The programs are left in target/cross/aarch64-unknown-linux-gnu/release.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly ROOT=$PWD/target/cross-root
readonly TRIPLE=aarch64-unknown-linux-gnu
readonly PACKAGES=ca-certificates,build-essential,crossbuild-essential-arm64,pkg-config,clang,\
libclang-dev,rustc-web,cargo-web,libstd-rust-web-dev:arm64,libtesseract-dev:arm64,\
libleptonica-dev:arm64,libpcsclite-dev:arm64
readonly PROGRAMS=(kiosk registry)

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# The root takes Debian's packages from wherever this machine takes its own.
debian_sources() {
    apt-get indextargets 'Created-By: Packages' 'Origin: Debian' \
        --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' | sort -u
}

# Made once for each list of packages: the stamp is the list.
make_root() {
    [ "$(cat "$ROOT.stamp" 2>/dev/null)" = "$PACKAGES" ] && return
    for tool in mmdebstrap readelf; do
        command -v "$tool" >/dev/null || as_root apt-get install -y -q mmdebstrap binutils
    done
    as_root rm -rf "$ROOT"
    as_root mmdebstrap --variant=minbase --architectures=amd64,arm64 --include="$PACKAGES" \
        --aptopt='APT::Install-Recommends "false"' bookworm "$ROOT" "$(debian_sources)"
    printf %s "$PACKAGES" >"$ROOT.stamp"
}

# Crates are fetched outside, the build inside is offline. The mounts vanish with the namespace.
build() {
    local registry=${CARGO_HOME:-$HOME/.cargo}/registry
    cargo fetch --locked --target "$TRIPLE"
    as_root unshare --mount bash -euc '
        root=$1 registry=$2 triple=$3
        mkdir -p "$root/src" "$root/root/.cargo/registry"
        mount --bind "$PWD" "$root/src"
        mount --bind "$registry" "$root/root/.cargo/registry"
        mount -t proc proc "$root/proc"
        exec chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
            CARGO_TARGET_DIR=/src/target/cross CARGO_NET_OFFLINE=true \
            CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
            CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc \
            CXX_aarch64_unknown_linux_gnu=aarch64-linux-gnu-g++ \
            AR_aarch64_unknown_linux_gnu=aarch64-linux-gnu-ar \
            BINDGEN_EXTRA_CLANG_ARGS_aarch64_unknown_linux_gnu=--target=aarch64-linux-gnu \
            PKG_CONFIG_ALLOW_CROSS=1 \
            PKG_CONFIG_LIBDIR=/usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig \
            cargo build --manifest-path /src/Cargo.toml --locked --workspace --release \
            --target "$triple"
    ' cross "$ROOT" "$registry" "$TRIPLE"
    as_root chown -R --reference=Cargo.toml target/cross
}

# The linker's word is not enough: the ELF headers must name the kiosk's processor.
check() {
    local program machine
    for program in "${PROGRAMS[@]}"; do
        program=target/cross/$TRIPLE/release/$program
        machine=$(readelf -h "$program" | sed -n 's/^ *Machine: *//p')
        echo "$program: $machine"
        [ "$machine" = AArch64 ] || { echo "not a program for the kiosk" >&2; exit 1; }
    done
}

make_root
build
check
