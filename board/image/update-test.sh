#!/usr/bin/env bash
# Offers good and bad updates to a board's image in QEMU: the table of docs/image.md. After
# `make image`; bundles and logs are left in target/vm-test/BOARD-updates.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly BOARD=${1:?which board?}
readonly FOLDER=target/vm-test/$BOARD-updates
readonly BUNDLES=$FOLDER/bundles KEYS=target/image/keys

bundle() { board/image/bundle.sh "$BOARD" "$BUNDLES/$1.raucb" "${@:2}"; }

# Another authority's key, which the image does not know.
strange_keys() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
        -subj "/CN=stranger" -addext keyUsage=critical,digitalSignature \
        -addext extendedKeyUsage=codeSigning,emailProtection \
        -keyout "$FOLDER/strange.key" -out "$FOLDER/strange.pem" 2>/dev/null
}

make_bundles() {
    rm -rf "$BUNDLES"
    mkdir -p "$BUNDLES"
    BUNDLE_VERSION=0.1.9001 bundle good
    BUNDLE_VERSION=0.1.9002 ARGUMENTS_ADDED=init=/bin/false bundle no-start start-only
    BUNDLE_VERSION=0.1.9003 ARGUMENTS_ADDED=systemd.unit=basic.target bundle hangs start-only
    BUNDLE_VERSION=0.0.1 bundle older start-only
    BUNDLE_VERSION=0.1.9004 COMPATIBLE=ban-sao-other bundle wrong-board start-only
    strange_keys
    BUNDLE_VERSION=0.1.9005 RELEASE_KEY=$FOLDER/strange.key \
        RELEASE_CERTIFICATE=$FOLDER/strange.pem KEYRING=$FOLDER/strange.pem \
        bundle bad-signature start-only
    head -c 1000000 "$BUNDLES/older.raucb" >"$BUNDLES/truncated.raucb"
}

stick() {
    local mib
    mib=$(($(du -sm "$BUNDLES" | cut -f1) + 64))
    rm -f "$FOLDER/stick.img"
    truncate -s "${mib}M" "$FOLDER/stick.img"
    board/workshop.sh mkfs.ext4 -q -L BUNDLES -d "$BUNDLES" "$FOLDER/stick.img"
    rm -rf "$BUNDLES"
}

[ -f "target/image/$BOARD/disk.img" ] || { echo "no image: make image BOARD=$BOARD" >&2; exit 2; }
cargo build --locked --workspace --bin vm
mkdir -p "$FOLDER"
cp "${CARGO_TARGET_DIR:-target}/debug/vm" "$FOLDER/vm"
[ -n "${BUNDLES_ARE_MADE-}" ] || { make_bundles; stick; }
nice -n 10 board/workshop.sh "$FOLDER/vm" --board "$BOARD" --image "target/image/$BOARD" \
    --out "/src/$FOLDER" --updates "/src/$FOLDER/stick.img" | tee "$FOLDER/table"
