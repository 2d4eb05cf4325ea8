//! What a chip may answer: its files, and a whole conversation.

use std::convert::Infallible;

use formats_mrtd::lds::dg13::{Dg13, Item};
use formats_mrtd::lds::{com, dg1, dg2, security};
use formats_mrtd::{
    AccessKey, Evidence, Passive, Sod, Transmit, TrustStore, Verdict, Wanted, fuzzing,
};

const NOW: time::OffsetDateTime = time::macros::datetime!(2026-11-23 09:00 UTC);

/// Any file of a chip, also one of trusted issuers.
pub(crate) fn lds(bytes: &[u8]) {
    let _ = com::groups(bytes);
    let _ = dg1::zone(bytes).map(|zone| dg1::card(zone, NOW.date()));
    let _ = dg2::portrait(bytes);
    let _ = Dg13::parse(bytes).map(|details| (details.day(Item::Born), details.texts(13).len()));
    let _ = (security::dg14(bytes), security::dg15(bytes), fuzzing::pace_offered(bytes));
    let _ = Sod::parse(bytes).map(|sod| sod.matches(1, bytes));
    let _ = TrustStore::default().add_pem(bytes);
    fuzzing::secured_response(bytes);
    fuzzing::recovered_block(bytes);
}

/// A chip that answers the input: length, answer, length, answer, and so on.
struct Answers<'a>(&'a [u8]);

impl Transmit for Answers<'_> {
    type Error = Infallible;

    fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, Infallible> {
        let (length, rest) = self.0.split_first().unwrap_or((&0, &[]));
        let (answer, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        self.0 = rest;
        Ok(answer.to_vec())
    }
}

/// A whole reading. Nobody is trusted, so nothing can come out as genuine.
pub(crate) fn conversation(bytes: &[u8]) {
    let keys = [AccessKey::Can("999999".into()), AccessKey::Mrz("199999999199090923909090".into())];
    let mut random = |buffer: &mut [u8]| {
        buffer.fill(0x5a);
        Ok(())
    };
    let wanted = Wanted { portrait: true, details: true };
    let trust = TrustStore::default();
    let read = formats_mrtd::read(&mut Answers(bytes), &keys, wanted, &trust, NOW, &mut random);
    if let Ok(chip) = read {
        let Evidence { passive, .. } = chip.evidence;
        assert!(passive != Passive::Signed(formats_mrtd::Issuer::Trusted), "nobody is trusted");
        assert!(chip.evidence.verdict() != Verdict::Genuine, "nothing was proven");
        let _ = (chip.zone(NOW.date()), chip.details(), chip.portrait());
    }
}
