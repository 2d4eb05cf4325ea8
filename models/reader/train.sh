#!/usr/bin/env bash
# Makes the line reader from nothing on a Debian 12 machine: Python packages, fonts (unpacked, not
# installed), training, export, evaluation beside Tesseract. Everything lies in target/reader;
# what was done is not done again, and a training that was stopped goes on where it was saved.
#
#   models/reader/train.sh            as the committed weights were made: an hour of two free cores
#   SIZE=large models/reader/train.sh the larger network; wants a GPU or many cores
#
# STEPS, BATCH, FRESH and RENDERERS override what SIZE sets; LINES is how many lines each row of
# the evaluation has.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly SIZE=${SIZE-small}
case $SIZE in
small) steps=32000 batch=16 fresh=6 renderers=2 ;;
large) steps=60000 batch=128 fresh=64 renderers=$(($(nproc) > 2 ? $(nproc) - 2 : 1)) ;;
*) echo "train: SIZE is small or large, not '$SIZE'" >&2; exit 2 ;;
esac
readonly WORK=$PWD/target/reader RECIPE=$PWD/models/reader
readonly RUN=$WORK/$SIZE FONTS=$WORK/fonts PYTHON=$WORK/venv/bin/python

say() { echo "train: $*" >&2; }

# Pinned Python packages, anew when the pins change. With a GPU, TensorFlow brings its own CUDA.
python_packages() {
    local stamp pins=$RECIPE/requirements.txt
    stamp=$WORK/venv/$(sha256sum "$pins" | cut -c1-16)
    [ -e "$stamp" ] && return
    say "installing Python packages"
    python3 -m venv --clear "$WORK/venv"
    if command -v nvidia-smi >/dev/null; then
        sed 's/^tensorflow_cpu==/tensorflow[and-cuda]==/' "$pins" >"$WORK/pins-gpu.txt"
        "$WORK/venv/bin/pip" install --quiet --disable-pip-version-check -r "$WORK/pins-gpu.txt"
    else
        "$WORK/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$pins"
    fi
    touch "$stamp"
}

# Debian's packages are fetched and unpacked: the machine keeps the typefaces it had.
fonts() {
    local package folder
    for package in $(recipe faces); do
        folder=$FONTS/$package
        [ -d "$folder" ] && continue
        say "unpacking $package"
        rm -rf "$folder.new" "$WORK/debs"
        mkdir -p "$folder.new" "$WORK/debs"
        (cd "$WORK/debs" && apt-get -qq -o APT::Sandbox::User=root download "$package")
        dpkg -x "$WORK/debs/"*.deb "$folder.new"
        mv "$folder.new" "$folder"
    done
}

recipe() { (cd "$RECIPE" && PYTHONDONTWRITEBYTECODE=1 "$PYTHON" -m "linereader.$1" "${@:2}"); }

python_packages
fonts
FOLDER=$FONTS recipe checks
say "training; log in $RUN/log.jsonl"
recipe train --fonts "$FONTS" --work "$RUN" --size "$SIZE" --steps "${STEPS-$steps}" \
    --batch "${BATCH-$batch}" --fresh "${FRESH-$fresh}" --renderers "${RENDERERS-$renderers}" \
    --resume
recipe export --fonts "$FONTS" --work "$RUN" --size "$SIZE" --out "$RUN/reader.tflite"
recipe evaluate --fonts "$FONTS" --model "$RUN/reader.tflite" --lines "${LINES-300}" --tesseract |
    tee "$RUN/evaluation.md"
say "to adopt it: copy $RUN/reader.tflite here, and its digest and figures into manifest and card"
