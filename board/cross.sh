#!/usr/bin/env bash
# Builds our programs for a kiosk's processor, in the workshop (board/workshop.sh):
#
#   board/cross.sh [aarch64|x86_64 [PROGRAM…]]      for aarch64 kiosk and registry unless said
#
# Rust comes from Debian there, because rustup's toolchains carry no standard library for aarch64
# until one is downloaded. The programs are left, stripped, in target/cross/TRIPLE/release.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly PROCESSOR=${1:-aarch64}
readonly TRIPLE=$PROCESSOR-unknown-linux-gnu
readonly GNU=$PROCESSOR-linux-gnu
PROGRAMS=("${@:2}")
[ ${#PROGRAMS[@]} != 0 ] || PROGRAMS=(kiosk registry)
# The daemon with everything that it links; the reader's weights are in it.
readonly KIOSK_BYTES_MAX=$((25 * 1000 * 1000))

# Crates are fetched outside, the build inside is offline.
build() {
    local program programs=() of=${TRIPLE//-/_}
    for program in "${PROGRAMS[@]}"; do programs+=(--bin "$program"); done
    cargo fetch --locked --target "$TRIPLE"
    board/workshop.sh env CARGO_TARGET_DIR=/src/target/cross CARGO_NET_OFFLINE=true \
        CARGO_INCREMENTAL=0 CARGO_PROFILE_RELEASE_STRIP=symbols \
        "CARGO_TARGET_${of^^}_LINKER=$GNU-gcc" \
        "CC_$of=$GNU-gcc" "CXX_$of=$GNU-g++" "AR_$of=$GNU-ar" \
        "BINDGEN_EXTRA_CLANG_ARGS_$of=--target=$GNU" \
        PKG_CONFIG_ALLOW_CROSS=1 \
        "PKG_CONFIG_LIBDIR=/usr/lib/$GNU/pkgconfig:/usr/share/pkgconfig" \
        cargo build --locked --workspace --release --target "$TRIPLE" "${programs[@]}"
    [ "$(id -u)" = 0 ] || sudo chown -R --reference=Cargo.toml target/cross
}

# The linker's word is not enough: the ELF headers must name the kiosk's processor.
check() {
    local program machine bytes
    for program in "${PROGRAMS[@]}"; do
        program=target/cross/$TRIPLE/release/$program
        machine=$(readelf -h "$program" | sed -n 's/^ *Machine: *//p')
        bytes=$(stat -c %s "$program")
        echo "$program: $machine, $bytes bytes"
        case $PROCESSOR:$machine in
        aarch64:AArch64 | x86_64:*X86-64) ;;
        *) echo "not a program for the kiosk" >&2; exit 1 ;;
        esac
        case $program in
        */kiosk) [ "$bytes" -le $KIOSK_BYTES_MAX ] || { echo "too large" >&2; exit 1; } ;;
        esac
    done
}

build
check
