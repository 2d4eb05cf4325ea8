#!/usr/bin/env bash
# Fetches the inference runtime for a kiosk's processor, by digest, from where tests/setup.sh takes
# this machine's: `board/runtime.sh aarch64`, into target/litert-aarch64.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly PROCESSOR=$1
readonly FOLDER=target/litert-$PROCESSOR

[ ! -f "$FOLDER/libLiteRt.so" ] || exit 0
rm -rf "$FOLDER"
target/judges/bin/pip download --quiet --disable-pip-version-check --require-hashes --no-deps \
    --only-binary :all: --platform "manylinux_2_27_$PROCESSOR" --python-version 3.11 \
    --dest "$FOLDER" -r models/litert-requirements.txt
python3 -m zipfile -e "$FOLDER"/*.whl "$FOLDER/wheel"
mv "$FOLDER/wheel/ai_edge_litert/libLiteRt.so" "$FOLDER/"
rm -rf "$FOLDER/wheel" "$FOLDER"/*.whl
