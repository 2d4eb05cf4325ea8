#!/usr/bin/env bash
# Makes the image of a board: `board/image/make.sh BOARD`, a name from board/image/boards. It leaves
# in target/image/BOARD:
#
#   disk.img.zst   the card to flash          root.img, boot.img   what an update brings
#   sbom.json      what is in it (CycloneDX)  packages             every package with its version
#
# Everything is made in the workshop (board/workshop.sh) from Debian's packages, board/root and the
# programs that board/cross.sh builds. The same commit and packages give the same bytes.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly BOARD=${1:?which board?}
[ -f "board/image/boards/$BOARD" ] || { echo "no board $BOARD in board/image/boards" >&2; exit 2; }
# shellcheck source=/dev/null
. "board/image/boards/$BOARD"
# A version grows with every commit, so that an older bundle is known as older.
version() {
    local release
    release=$(sed -n 's/^version = "\([0-9]*\.[0-9]*\)\..*"/\1/p' Cargo.toml | head -n 1)
    echo "${VERSION:-$release.$(git rev-list --count HEAD)}"
}

board/runtime.sh "$PROCESSOR"
# An image for a test may take programs that are already built.
[ -n "${PROGRAMS_ARE_BUILT-}" ] || board/cross.sh "$PROCESSOR"
nice -n 10 board/workshop.sh env "VERSION=$(version)" \
    "SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" \
    board/image/assemble.sh "$BOARD"
