#!/usr/bin/env bash
# Tries the layer as far as that goes without fetching any source:
#
#   yocto-layer/check.sh LAYERS BUILD [STEP…]
#
# LAYERS holds work trees of the layers that README.md names, BUILD is a folder for the outcome. Steps, all
# of them unless some are named: crates (the recipe's list is Cargo.lock's), parse, graph (every task of
# image and update for each board), layer (yocto-check-layer). `conf` only writes BUILD/conf, which a real
# build takes as it is. Runs as an ordinary user, as bitbake asks.
set -euo pipefail

HERE=$(cd "$(dirname "$0")" && pwd)
LAYERS=$(cd "${1:?which folder holds the layers?}" && pwd)
BUILD=$(mkdir -p "${2:?which folder for the outcome?}" && cd "$2" && pwd)
STEPS=("${@:3}")
[ ${#STEPS[@]} != 0 ] || STEPS=(crates parse graph layer)
readonly HERE LAYERS BUILD STEPS
readonly MACHINES=(qemuarm64 raspberrypi4-64 raspberrypi5)
readonly UPSTREAM=(openembedded-core/meta meta-openembedded/meta-oe meta-openembedded/meta-python
    meta-openembedded/meta-networking meta-rauc meta-raspberrypi meta-webkit)

say() { echo "check: $*" >&2; }

# write_conf FOLDER LAYER…: the two files of a build.
write_conf() {
    local folder=$1 layer
    shift
    mkdir -p "$folder"
    {
        echo 'POKY_BBLAYERS_CONF_VERSION = "2"'
        echo 'BBPATH = "${TOPDIR}"'
        echo 'BBFILES ?= ""'
        for layer; do echo "BBLAYERS += \"$layer\""; done
    } >"$folder/bblayers.conf"
    [ -e "$folder/local.conf" ] || cat >"$folder/local.conf" <<'END'
CONF_VERSION = "2"
DISTRO ?= "ban-sao"
END
}

# What a dry run adds.
dry() { printf 'BB_NO_NETWORK = "1"\nCONNECTIVITY_CHECK_URIS = ""\n' >"$1/auto.conf"; }

upstream() { local layer; for layer in "${UPSTREAM[@]}"; do echo "$LAYERS/$layer"; done; }

# in_build FOLDER COMMAND…
in_build() (
    cd "$1"
    shift
    export LC_ALL=en_US.UTF-8 BUILDDIR=$PWD BB_ENV_PASSTHROUGH_ADDITIONS="MACHINE DISTRO"
    export PATH=$LAYERS/bitbake/bin:$LAYERS/openembedded-core/scripts:$PATH
    "$@"
)

crates() { "$HERE/crates.py" --check; }

conf() { write_conf "$BUILD/conf" $(upstream) "$HERE/meta-ban-sao"; }

parse() {
    conf
    dry "$BUILD/conf"
    MACHINE=${MACHINES[0]} in_build "$BUILD" bitbake -p
}

graph() {
    local machine
    conf
    dry "$BUILD/conf"
    for machine in "${MACHINES[@]}"; do
        MACHINE=$machine in_build "$BUILD" bitbake -g kiosk-image kiosk-bundle
        say "$machine: $(wc -l <"$BUILD/pn-buildlist") recipes," \
            "$(grep -c 'label=' "$BUILD/task-depends.dot") tasks"
        mv "$BUILD/pn-buildlist" "$BUILD/pn-buildlist.$machine"
        mv "$BUILD/task-depends.dot" "$BUILD/task-depends.$machine.dot"
    done
}

# The tool puts the layer and what it needs into a build of the bare core and compares every recipe's
# digest before and after. Of the large layers only what this one stands on takes part: some of their
# recipes ask for things that no layer here has (wpewebkit for flite).
readonly STANDS_ON='recipes-(graphics/(tesseract|leptonica)|devtools/giflib|support/(ccid|libssh|libusb|lvm2|pcsc-lite)|crypto/cryptsetup)/'
layer() {
    local folder=$BUILD/layer
    write_conf "$folder/conf" "$LAYERS/openembedded-core/meta"
    printf 'CONF_VERSION = "2"\nDISTRO_FEATURES_OPTED_OUT = "ptest"\n' >"$folder/conf/local.conf"
    dry "$folder/conf"
    cat >>"$folder/conf/auto.conf" <<END
BBMASK = "/meta-openembedded/meta-oe/(?!$STANDS_ON) /meta-openembedded/meta-(networking|python)/ \\
    /meta-webkit/ /meta-rauc/recipes-(casync|support)/"
END
    MACHINE=${MACHINES[0]} DISTRO=nodistro in_build "$folder" yocto-check-layer \
        --no-auto --no-auto-dependency --dependency $(upstream) -- "$HERE/meta-ban-sao"
}

[ "$(id -u)" != 0 ] || { say "bitbake does not run as root"; exit 2; }
for step in "${STEPS[@]}"; do
    case $step in
    crates | conf | parse | graph | layer) say "$step"; "$step" ;;
    *) say "no step $step"; exit 2 ;;
    esac
done
say "nothing was wrong"
