SUMMARY = "Daemon of a certified-copy kiosk, and its technician's command line"
SECTION = "kiosk"

require ${BPN}-crates.inc

inherit kiosk-source cargo cargo-update-recipe-crates pkgconfig

# The whole workspace, as cargo knows it: features are those that the tests ran with.
SRC_URI += "\
    file://.cargo \
    file://Cargo.lock \
    file://Cargo.toml \
    file://board \
    file://drivers \
    file://firmware \
    file://formats \
    file://models \
    file://registry \
    file://tests \
"

DEPENDS = "clang-native leptonica pcsc-lite tesseract"

CARGO_BUILD_FLAGS:append = " --workspace --bin kiosk"

# bindgen reads Tesseract's and Leptonica's headers with the target's eyes.
export LIBCLANG_PATH = "${STAGING_LIBDIR_NATIVE}"
export BINDGEN_EXTRA_CLANG_ARGS = "--target=${TARGET_SYS} --sysroot=${RECIPE_SYSROOT}"

# Cargo looks for .cargo/config.toml from where it is started: it says which headers tflitec takes.
do_compile:prepend() {
    cd ${S}
}

# Loaded at run time, or read from where the site file says.
RDEPENDS:${PN} = "espeak-ng kiosk-models litert"
