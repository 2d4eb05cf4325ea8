require linux-kiosk.inc
