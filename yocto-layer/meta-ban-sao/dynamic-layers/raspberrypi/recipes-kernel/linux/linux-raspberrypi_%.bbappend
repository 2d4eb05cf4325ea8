require recipes-kernel/linux/linux-kiosk.inc
