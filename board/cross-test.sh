#!/usr/bin/env bash
# Runs the programs of board/cross.sh on this machine, by emulation of the kiosk's processor: help,
# a drawn page read to the same text as here, and the main job, in which the kiosk alone is of the
# other processor. Scanner, tokens' files, registry, browser and judges are this machine's own.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly LIBRARIES=$PWD/target/cross-libraries
readonly HERE=${CARGO_TARGET_DIR:-$PWD/target}/debug
readonly BESIDE=$PWD/target/cross-test/debug
readonly KIOSK=$PWD/target/cross/aarch64-unknown-linux-gnu/release/kiosk
readonly PACKAGES=base-files,libtesseract5,libpcsclite1,softhsm2,tesseract-ocr-vie

# The kiosk's libraries, unpacked only: nothing of them runs but what the kiosk loads.
make_libraries() {
    local litert=$LIBRARIES$PWD/target/litert
    if [ "$(cat "$LIBRARIES.stamp" 2>/dev/null)" != "$PACKAGES" ]; then
        board/workshop.sh sh -c 'rm -rf "$2"; mmdebstrap --variant=extract --architectures=arm64 \
            --include="$1" trixie "$2" /etc/apt/sources.list' sh "$PACKAGES" \
            /src/target/cross-libraries
        printf %s "$PACKAGES" >"$LIBRARIES.stamp"
    fi
    mkdir -p "$litert"
    cp target/litert-aarch64/libLiteRt.so "$litert/"
}

# Qemu's plainest processor of this kind lacks instructions that the inference runtime uses.
emulated() {
    echo '#!/bin/sh'
    echo "exec '$PWD/target/workshop/usr/bin/qemu-aarch64' -cpu cortex-a72 -L '$LIBRARIES'" \
        "'$KIOSK' \"\$@\""
}

same_text() {
    local page=$1 engine here there
    for engine in own tesseract; do
        here=$("$HERE/kiosk" read --text --engine "$engine" "$page")
        there=$("$BESIDE/kiosk" read --text --engine "$engine" "$page")
        [ -n "$here" ] || { echo "$engine reads nothing here" >&2; exit 1; }
        if [ "$here" != "$there" ]; then
            diff <(echo "$here") <(echo "$there") >&2 || true
            echo "$engine reads another text on the kiosk's processor" >&2
            exit 1
        fi
        echo "$engine: the same $(wc -m <<<"$there") characters on both processors"
    done
}

board/runtime.sh aarch64
make_libraries
cargo build --locked --workspace --bins
mkdir -p "$BESIDE"
cp "$HERE/demo" "$HERE/registry" "$BESIDE/"
emulated >"$BESIDE/kiosk"
chmod +x "$BESIDE/kiosk"

"$BESIDE/kiosk" --help | head -n 3
"$BESIDE/demo" --out target/cross-test/demo
same_text target/cross-test/demo/original-1.png
