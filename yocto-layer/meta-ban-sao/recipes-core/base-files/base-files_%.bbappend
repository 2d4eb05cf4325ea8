# Mounts are units: the same empty fstab as on the Debian image.
FILESEXTRAPATHS:prepend:ban-sao := "${KIOSK_SOURCE}/board/root/etc:"
