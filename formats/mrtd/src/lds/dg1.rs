//! DG1: the machine-readable zone.

use formats_vn::mrz::{self, Mrz, MrzError};
use time::Date;

use super::LdsError;
use crate::tlv;

/// Longest zone: that of a passport's two lines or a card's three.
const ZONE_CHARS_MAX: usize = 90;

/// The zone's characters, all lines one after the other.
pub fn zone(file: &[u8]) -> Result<&str, LdsError> {
    let content = tlv::expect(file, 0x61)?;
    let zone = tlv::find(content, 0x5f1f).ok_or(LdsError::Missing("zone"))?;
    let text = std::str::from_utf8(zone).ok().filter(|zone| zone.is_ascii());
    text.filter(|zone| zone.len() <= ZONE_CHARS_MAX).ok_or(LdsError::Unknown("zone"))
}

/// The zone of a Vietnamese card.
pub fn card(zone: &str, today: Date) -> Result<Mrz, MrzError> {
    if zone.len() != 90 || !zone.is_ascii() {
        return Err(MrzError::Length { line: 1, chars: zone.len() });
    }
    mrz::parse([&zone[..30], &zone[30..60], &zone[60..]], today)
}
