#!/usr/bin/env bash
# Makes a site for demonstrations and tests: an authority of specimens (`kiosk ca demo`), its keys
# on soft tokens, and drawn papers that a simulated scanner "scans". What such a kiosk signs says
# MẪU (specimen) wherever it is verified.
#
#   board/image/demo-site.sh OUT      OUT/site is what goes onto a stick called BAN-SAO
#
# PROGRAMS is the folder of kiosk, registry and draw-original, target/debug unless said otherwise;
# REGISTRY the registry's address, such as 10.0.2.2.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly OUT=${1:?which folder?}
readonly PROGRAMS=${PROGRAMS:-${CARGO_TARGET_DIR:-target}/debug}
readonly REGISTRY=${REGISTRY:-10.0.2.2}
readonly SITE=$OUT/site CA=$OUT/ca
readonly MODULE=/usr/lib/softhsm/libsofthsm2.so
# Of specimens: everybody may know them.
declare -rA PINS=([officer]=246810 [authority]=135791 [device]=112233)

make_tokens() {
    local token certificate
    mkdir -p "$OUT/tokens"
    printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' \
        "$(realpath "$OUT/tokens")" >"$OUT/softhsm2.conf"
    export SOFTHSM2_CONF=$OUT/softhsm2.conf
    for token in officer authority device; do
        softhsm2-util --init-token --free --label "$token" --so-pin 12345678 \
            --pin "${PINS[$token]}" >/dev/null
        softhsm2-util --import "$CA/$token.key" --token "$token" --label "$token" --id 01 \
            --pin "${PINS[$token]}" >/dev/null
        for certificate in "$token:01" issuing:a1 root:a2; do
            openssl x509 -in "$CA/${certificate%:*}.pem" -outform DER -out "$OUT/one.der"
            pkcs11-tool --module "$MODULE" --token-label "$token" --login \
                --pin "${PINS[$token]}" --write-object "$OUT/one.der" --type cert \
                --id "${certificate#*:}" --label "${certificate%:*}" >/dev/null 2>&1
        done
    done
    rm "$OUT/one.der"
    mv "$OUT/tokens" "$SITE/tokens"
    sed 's#^directories.tokendir.*#directories.tokendir = /etc/kiosk/tokens#' \
        "$OUT/softhsm2.conf" >"$SITE/softhsm2.conf"
}

papers() {
    "$PROGRAMS/draw-original" "$OUT/papers"
    cp "$OUT/papers/original-1.png" "$SITE/paper.png"
    cp "$OUT/papers/seal.png" "$OUT/papers/signature.png" "$SITE/"
}

board_file() {
    cat >"$SITE/board.toml" <<END
name = "demo"

[scanner]
driver = "sim"
sheets = ["/etc/kiosk/paper.png"]

[token]
module = "$MODULE"

[clock]
driver = "sim"
state = "synchronised"
END
}

site_file() {
    cat >"$SITE/kiosk.toml" <<END
board = "board.toml"
state_dir = "/var/lib/kiosk"

[device]
id = "MAU-01"
key = { token = "device", key = "device", pin_file = "device.pin" }

[authority]
name = "ỦY BAN NHÂN DÂN PHƯỜNG MẪU"
place = "Hà Nội"
key = { token = "authority", key = "authority", pin_file = "authority.pin" }
seal_image = "seal.png"

[[officers]]
id = "mau"
name = "Nguyễn Văn Mẫu"
capacity = "TUQ. CHỦ TỊCH"
delegation = "Quyết định ủy quyền số 00/QĐ-UBND (mẫu)"
valid_from = "2026-01-01"
valid_until = "2036-12-31"
token = "officer"
key = "officer"
signature_image = "signature.png"

[book]
name = "01/$(date +%Y)-SCT/BS"

[registry]
device_url = "https://$REGISTRY:8443"
ca = "root.pem"
receipt_key = "receipt.pub"
public_url = "http://$REGISTRY:8080"

[screen]
listen = "127.0.0.1:8088"

[trust]
roots = "root.pem"
END
}

rm -rf "$OUT"
mkdir -p "$SITE"
"$PROGRAMS/kiosk" ca demo --out "$CA" --registry "$REGISTRY" >/dev/null
make_tokens
cp "$CA/root.pem" "$SITE/"
printf %s "${PINS[authority]}" >"$SITE/authority.pin"
printf %s "${PINS[device]}" >"$SITE/device.pin"
"$PROGRAMS/registry" keygen --out "$OUT/receipt.key" >"$SITE/receipt.pub"
papers
board_file
site_file
echo "$SITE: a site of specimens; the officer's PIN is ${PINS[officer]}"
