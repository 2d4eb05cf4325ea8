#!/usr/bin/env bash
# Makes the update bundle of a board's image, signed, after `make image`:
#
#   board/image/bundle.sh BOARD [FILE [start-only]]
#
# `start-only` leaves the root image out, for an update of the kernel alone. Keys of an operator:
# RELEASE_KEY, RELEASE_CERTIFICATE and KEYRING; otherwise the test keys. COMPATIBLE, BUNDLE_VERSION and
# ARGUMENTS_ADDED change what it says of itself and how its kernel is started; tests make bad
# updates with them.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ -z "${IN_WORKSHOP-}" ]; then
    exec nice -n 10 board/workshop.sh env IN_WORKSHOP=1 "RELEASE_KEY=${RELEASE_KEY-}" \
        "RELEASE_CERTIFICATE=${RELEASE_CERTIFICATE-}" "KEYRING=${KEYRING-}" \
        "COMPATIBLE=${COMPATIBLE-}" "BUNDLE_VERSION=${BUNDLE_VERSION-}" \
        "ARGUMENTS_ADDED=${ARGUMENTS_ADDED-}" board/image/bundle.sh "$@"
fi

readonly BOARD=${1:?which board?}
readonly IMAGE=target/image/$BOARD KEYS=target/image/keys
readonly FILE=${2:-$IMAGE/update.raucb} PARTS=${3-}
readonly WORK=$IMAGE/bundle
VERSION=$(sed -n 's/^set version="\(.*\)"/\1/p' "$IMAGE/start/slot.cfg")
readonly VERSION=${BUNDLE_VERSION:-$VERSION}

# The start image says its version and its kernel's arguments.
start_image() {
    cp "$IMAGE/boot.img" "$WORK/boot.img"
    sed -e "s/^\(set arguments=\".*\)\"/\1${ARGUMENTS_ADDED:+ $ARGUMENTS_ADDED}\"/" \
        -e "s/^set version=.*/set version=\"$VERSION\"/" "$IMAGE/start/slot.cfg" >"$WORK.cfg"
    mdel -i "$WORK/boot.img" ::slot.cfg
    mcopy -i "$WORK/boot.img" "$WORK.cfg" ::slot.cfg
    rm "$WORK.cfg"
}

manifest() {
    printf '[update]\ncompatible=%s\nversion=%s\n' "${COMPATIBLE:-ban-sao-$BOARD}" "$VERSION"
    printf '\n[bundle]\nformat=verity\n\n[image.boot]\nfilename=boot.img\n'
    [ "$PARTS" = start-only ] ||
        printf '\n[image.root]\nfilename=root.img\nadaptive=block-hash-index\n'
}

rm -rf "$WORK" "$FILE"
mkdir -p "$WORK"
[ "$PARTS" = start-only ] || ln "$IMAGE/root.img" "$WORK/root.img"
start_image
manifest >"$WORK/manifest.raucm"
rauc bundle --cert="${RELEASE_CERTIFICATE:-$KEYS/release.pem}" \
    --key="${RELEASE_KEY:-$KEYS/release.key}" --signing-keyring="${KEYRING:-$KEYS/ca.pem}" \
    "$WORK" "$FILE"
rm -rf "$WORK"
echo "$(stat -c %s "$FILE") bytes: $FILE, version $VERSION"
