SUMMARY = "First programs of a kiosk: find, check and open the root image"
LICENSE = "Apache-2.0"

inherit core-image

PACKAGE_INSTALL = "\
    base-passwd \
    cryptsetup \
    initramfs-framework-base \
    initramfs-module-kiosk \
    initramfs-module-udev \
    udev \
    util-linux-blkid \
    ${VIRTUAL-RUNTIME_base-utils} \
    ${ROOTFS_BOOTSTRAP_INSTALL} \
"
PACKAGE_EXCLUDE = "kernel-image-*"

IMAGE_FEATURES = ""
IMAGE_LINGUAS = ""
IMAGE_FSTYPES = "${INITRAMFS_FSTYPES}"
IMAGE_NAME_SUFFIX = ""
IMAGE_ROOTFS_SIZE = "8192"
IMAGE_ROOTFS_EXTRA_SPACE = "0"
