//! The identity card: scanned on the glass, or its code held before the barcode reader.

use formats_vn::id_qr::CardQr;

use super::{Hands, Kiosk, lock};
use crate::clock::VIETNAM;
use crate::steps::identify;
use crate::visit::{Answer, State, Trouble, VisitId};

impl Kiosk {
    /// A code was held before the barcode reader: its card, or why it is none. A visit that awaits
    /// no card does not hear of it, and the card is forgotten.
    pub fn show_card(&self, shown: Result<CardQr, Trouble>) {
        let visit = match self.visit.borrow().state() {
            State::AwaitingCard(dossier) => dossier.visit.clone(),
            _ => return,
        };
        let answer = match shown {
            Ok(card) => {
                let Some(mut desk) = self.hands.desk_of(&visit) else { return };
                desk.shown = Some(card);
                Answer::CardShown { chip: self.parts().chip.is_some() }
            }
            Err(trouble) => Answer::CodeUnread(trouble),
        };
        self.answer(visit, answer);
    }
}

impl Hands {
    pub(super) fn scan_card(&self, visit: &VisitId) -> Answer {
        let mut scanner = lock(&self.parts.scanner);
        let mut codes = lock(&self.parts.codes);
        match identify::card_from_scanner(scanner.as_mut(), codes.as_mut()) {
            Ok((card, image)) => {
                drop((scanner, codes));
                let chip = self.parts.chip.is_some();
                let today = self.parts.clock.now().to_offset(VIETNAM).date();
                let readers = self.parts.readers.as_ref();
                let face = self.parts.face.as_ref();
                let portraits = face.map(|step| step.portraits(&image)).unwrap_or_default();
                // The zone is what opens a chip most surely.
                let zone = chip.then(|| identify::zone_from_image(image, readers, today)).flatten();
                if let Some(mut desk) = self.desk_of(visit) {
                    (desk.card, desk.zone) = (Some(card), zone);
                    desk.portraits = portraits;
                }
                Answer::CardRead { chip }
            }
            Err(trouble) => Answer::ScanFailed(trouble),
        }
    }
}
