SUMMARY = "The root of a kiosk: read only, checked block by block, nobody logs in"
LICENSE = "Apache-2.0"

inherit core-image extrausers kiosk-card features_check
REQUIRED_DISTRO_FEATURES = "rauc systemd wayland"

KIOSK_INITRAMFS = "kiosk-initramfs"

IMAGE_FEATURES = "read-only-rootfs"
IMAGE_LINGUAS = ""
IMAGE_INSTALL = "packagegroup-kiosk"
# A good start is marked by kiosk-good.service, /var is laid over as a whole, nobody is asked for
# names on the cable, and the kiosk's papers are Vietnamese.
BAD_RECOMMENDATIONS = "avahi-daemon libnss-mdns rauc-mark-good tesseract-lang-eng volatile-binds"
PACKAGE_EXCLUDE = "kernel-image-*"
SYSTEMD_DEFAULT_TARGET = "multi-user.target"

# Nobody has a password.
EXTRA_USERS_PARAMS = "usermod --lock --shell /sbin/nologin root;"

# The terminals that board/image/assemble.sh takes away too.
KIOSK_NO_TERMINALS = "getty@ serial-getty@ console-getty container-getty@ autovt@ debug-shell"

kiosk_configure() {
    for unit in ${KIOSK_NO_TERMINALS}; do
        ln -sf /dev/null ${IMAGE_ROOTFS}${sysconfdir}/systemd/system/$unit.service
    done
    for unit in systemd-firstboot systemd-update-done ldconfig systemd-hwdb-update; do
        ln -sf /dev/null ${IMAGE_ROOTFS}${sysconfdir}/systemd/system/$unit.service
    done
    ln -sf ../run/systemd/resolve/stub-resolv.conf ${IMAGE_ROOTFS}${sysconfdir}/resolv.conf
    # Unlike the recipes' own rule this one also turns off: what 00-kiosk.preset does not name.
    systemctl --root=${IMAGE_ROOTFS} --preset-mode=full preset-all
    cat >> ${IMAGE_ROOTFS}${nonarch_libdir}/os-release <<END
IMAGE_ID=${KIOSK_COMPATIBLE}
IMAGE_VERSION=${KIOSK_VERSION}
END
    find ${IMAGE_ROOTFS}/usr ${IMAGE_ROOTFS}/etc -xdev \( -perm -4000 -o -perm -2000 \) -type f \
        ! -name dbus-daemon-launch-helper -exec chmod u-s,g-s {} +
}
ROOTFS_POSTPROCESS_COMMAND:append = " kiosk_configure"
