SUMMARY = "Parts that Wayland compositors are made from"
HOMEPAGE = "https://gitlab.freedesktop.org/wlroots/wlroots"
SECTION = "graphics"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE;md5=89e064f90bcb87796ca335cbd2ce4179"

SRC_URI = "${DEBIAN_MIRROR}/main/w/wlroots/wlroots_${PV}.orig.tar.bz2"
SRC_URI[sha256sum] = "a28061f7778f28f7be377fd4d6f0ebd58cb2a63b52460e9fde28e2ab43e80cab"

inherit meson pkgconfig features_check
REQUIRED_DISTRO_FEATURES = "opengl wayland"

DEPENDS = "\
    hwdata-native libdisplay-info libdrm libinput libxkbcommon pixman seatd udev \
    virtual/egl virtual/libgbm virtual/libgles2 wayland wayland-native wayland-protocols \
"

# One screen, drawn by the kernel's driver: no X11 above, below or beside it.
EXTRA_OEMESON = "\
    -Dallocators=gbm -Dbackends=drm,libinput -Dcolor-management=disabled -Dexamples=false \
    -Dlibliftoff=disabled -Drenderers=gles2 -Dsession=enabled -Dxcb-errors=disabled \
    -Dxwayland=disabled \
"

# The library's name carries its version: libwlroots-0.18.so.
FILES_SOLIBSDEV = ""
FILES:${PN} += "${libdir}/libwlroots-*.so"
