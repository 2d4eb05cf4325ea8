#!/usr/bin/env bash
# Starts the image of a board in QEMU and checks what must hold (tests/vm), with a site of specimens
# on a stick. What it found is left in target/vm-test/BOARD: the picture of the first screen, and
# the logs.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly BOARD=${1:?which board?}
readonly FOLDER=target/vm-test/$BOARD
readonly BUILT=${CARGO_TARGET_DIR:-target}/debug

# A stick as a technician's: one file system, called BAN-SAO.
make_stick() {
    PROGRAMS=$BUILT board/image/demo-site.sh "$FOLDER/demo"
    rm -rf "$FOLDER/stick.img" "$FOLDER/stick"
    mkdir "$FOLDER/stick"
    cp -R "$FOLDER/demo/site" "$FOLDER/stick/"
    truncate -s 64M "$FOLDER/stick.img"
    board/workshop.sh mkfs.ext4 -q -L BAN-SAO -d "$FOLDER/stick" "$FOLDER/stick.img"
}

[ -f "target/image/$BOARD/disk.img" ] || { echo "no image: make image BOARD=$BOARD" >&2; exit 2; }
[ -n "${PROGRAMS_ARE_BUILT-}" ] || cargo build --locked --workspace --bin vm --bin kiosk \
    --bin registry --bin draw-original
mkdir -p "$FOLDER"
cp "$BUILT/vm" "$FOLDER/vm"
make_stick
nice -n 10 board/workshop.sh "$FOLDER/vm" --board "$BOARD" --image "target/image/$BOARD" \
    --out "/src/$FOLDER" --stick "/src/$FOLDER/stick.img" "${@:2}"
