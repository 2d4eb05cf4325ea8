#!/usr/bin/env bash
# Runs every fuzz target for SECONDS_EACH (60), or those named: `tests/fuzz.sh cms x509`. What is
# found lies in target/fuzz/found; a finding is mended together with a seed of its own.
#
# The flags are libFuzzer's own instrumentation as any stable compiler has it; no nightly, and no
# sanitizer: unsafe code is not what is looked for here, panics and false acceptances are.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${SECONDS_EACH:=60}"

readonly TARGET=$(rustc -vV | sed -n 's/^host: //p')
readonly OUT=${CARGO_TARGET_DIR:-target}/fuzz
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
 -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Ccodegen-units=1"
# With --target the flags are not those of build scripts and macros.
CARGO_TARGET_DIR=$OUT cargo build --locked --release --target "$TARGET" -p fuzz \
    --features fuzz/libfuzzer --bin fuzz

names=("$@")
if [ ${#names[@]} = 0 ]; then
    mapfile -t names < <(sed -n 's/.*target("\([a-z0-9_]*\)".*/\1/p' tests/fuzz/src/lib.rs)
fi
failed=()
for name in "${names[@]}"; do
    seeds=("tests/fuzz/seeds/$name")
    case $name in
    wire) seeds+=(formats/wire/golden) ;;
    segment) seeds+=(firmware/src/store/golden/v1 firmware/src/store/golden/v2) ;;
    esac
    mkdir -p "$OUT/corpus/$name" "$OUT/found"
    echo "fuzz: $name, $SECONDS_EACH s" >&2
    FUZZ_TARGET=$name nice -n 10 "$OUT/$TARGET/release/fuzz" -max_total_time="$SECONDS_EACH" \
        -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="$OUT/found/$name-" "$OUT/corpus/$name" "${seeds[@]}" || failed+=("$name")
done
[ ${#failed[@]} = 0 ] && exit
echo "fuzz: ${failed[*]} failed; the inputs are in $OUT/found" >&2
exit 1
