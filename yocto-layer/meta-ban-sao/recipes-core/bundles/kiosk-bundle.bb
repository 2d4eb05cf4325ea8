SUMMARY = "Signed update of a kiosk: start image and root image of one slot"
LICENSE = "Apache-2.0"

inherit bundle features_check
REQUIRED_DISTRO_FEATURES = "rauc"

RAUC_BUNDLE_COMPATIBLE = "${KIOSK_COMPATIBLE}"
RAUC_BUNDLE_VERSION = "${KIOSK_VERSION}"
RAUC_BUNDLE_FORMAT = "verity"

RAUC_BUNDLE_SLOTS = "boot root"
RAUC_SLOT_boot = "kiosk-image"
RAUC_SLOT_boot[fstype] = "slotboot"
RAUC_SLOT_boot[rename] = "boot.img"
RAUC_SLOT_root = "kiosk-image"
RAUC_SLOT_root[fstype] = "slotroot"
RAUC_SLOT_root[rename] = "root.img"
RAUC_SLOT_root[adaptive] = "block-hash-index"

RAUC_KEY_FILE = "${KIOSK_KEYS}/release.key"
RAUC_CERT_FILE = "${KIOSK_KEYS}/release.pem"
RAUC_KEYRING_FILE = "${KIOSK_KEYS}/ca.pem"
