//! Password Authenticated Connection Establishment (Doc 9303-11, 4.4): generic mapping over
//! elliptic curves, by the machine-readable zone or the card access number.
//!
//! The chip's nonce, encrypted by the password, moves the curve's base point to one that only
//! those who know the password know; on it both draw new keys.

use der::asn1::ObjectIdentifier;
use zeroize::Zeroizing;

use crate::access::AccessKey;
use crate::apdu::Command;
use crate::cipher::{NotBlocks, Purpose, Suite};
use crate::curve::{Curve, CurveError, KeyPair};
use crate::lds::security::{SecurityInfo, security_infos};
use crate::secure::{Session, same};
use crate::{Random, tlv};

/// `id-PACE-ECDH-GM`; the next number is the cipher.
const ECDH_GM: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.2.2.4.2");
/// Longest nonce: two blocks of AES, for keys of 256 bits.
const NONCE_BYTES_MAX: usize = 32;

/// Why no session came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PaceError {
    #[error("the chip's answer is malformed")]
    Malformed,
    #[error("the chip returned the terminal's own key")]
    Reflected,
    #[error("the chip does not know the password")]
    Token,
    #[error("compute on the curve")]
    Curve(#[from] CurveError),
}

impl From<NotBlocks> for PaceError {
    fn from(_: NotBlocks) -> Self {
        Self::Malformed
    }
}

/// One way of PACE that a chip offers and that is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    protocol: ObjectIdentifier,
    suite: Suite,
    curve: Curve,
    /// The curve's number, where the chip offers the same protocol on more than one.
    parameter_id: Option<u8>,
}

/// The ways that EF.CardAccess offers and that are known here, in its order.
pub fn offered(card_access: &[u8]) -> Vec<Offer> {
    let infos = security_infos(card_access).unwrap_or_default();
    let same = |info: &SecurityInfo| infos.iter().filter(|i| i.protocol == info.protocol).count();
    infos.iter().filter_map(|info| offer(info, same(info) > 1)).collect()
}

fn offer(info: &SecurityInfo, ambiguous: bool) -> Option<Offer> {
    let suite = match info.protocol.as_bytes().strip_prefix(ECDH_GM.as_bytes())? {
        [1] => Suite::TripleDes,
        [2] => Suite::Aes128,
        [3] => Suite::Aes192,
        [4] => Suite::Aes256,
        _ => return None,
    };
    let &[id] = info.optional.as_ref().filter(|o| o.tag == 0x02)?.value.as_slice() else {
        return None;
    };
    let curve = Curve::of_parameter_id(id)?;
    Some(Offer { protocol: info.protocol, suite, curve, parameter_id: ambiguous.then_some(id) })
}

/// A connection under way.
pub(crate) struct Pace<'a> {
    offer: Offer,
    key: &'a AccessKey,
}

/// The terminal's key for the mapping.
pub(crate) struct Mapping {
    offer: Offer,
    nonce: Zeroizing<Vec<u8>>,
    own: KeyPair,
}

/// The terminal's key on the mapped base point.
pub(crate) struct Agreement {
    offer: Offer,
    own: KeyPair,
}

/// The session, before the chip has shown that it knows the password.
pub(crate) struct Unproven {
    session: Session,
    token: [u8; 8],
}

impl<'a> Pace<'a> {
    pub(crate) const fn new(offer: Offer, key: &'a AccessKey) -> Self {
        Self { offer, key }
    }

    /// Chooses protocol, password and curve.
    pub(crate) fn set(&self) -> Command {
        let mut objects = tlv::write(0x80, self.offer.protocol.as_bytes());
        objects.extend(tlv::write(0x83, &[self.key.reference()]));
        objects.extend(self.offer.parameter_id.iter().flat_map(|id| tlv::write(0x84, &[*id])));
        Command::new(0x22, 0xc1, 0xa4).with(objects)
    }

    /// Asks for the encrypted nonce.
    pub(crate) fn get_nonce() -> Command {
        general_authenticate(&[]).chained()
    }

    /// Takes the nonce and draws the key for the mapping.
    pub(crate) fn map(self, answer: &[u8], random: Random<'_>) -> Result<Mapping, PaceError> {
        let text = answered(answer, 0x80)?;
        if text.is_empty() || text.len() > NONCE_BYTES_MAX {
            return Err(PaceError::Malformed);
        }
        let suite = self.offer.suite;
        let nonce = suite.decrypt(&self.key.password_key(suite), &[], text)?;
        let own = self.offer.curve.draw(None, random)?;
        Ok(Mapping { offer: self.offer, nonce, own })
    }
}

impl Mapping {
    /// Sends the key for the mapping.
    pub(crate) fn command(&self) -> Command {
        general_authenticate(&tlv::write(0x81, &self.own.public)).chained()
    }

    /// Takes the chip's, moves the base point and draws a key on it.
    pub(crate) fn agree(self, answer: &[u8], random: Random<'_>) -> Result<Agreement, PaceError> {
        let Self { offer, nonce, own } = self;
        let shared = offer.curve.multiply(&own.private, answered(answer, 0x82)?)?;
        let base = offer.curve.map(&nonce, &shared)?;
        Ok(Agreement { offer, own: offer.curve.draw(Some(&base), random)? })
    }
}

impl Agreement {
    /// Sends the key on the mapped base point.
    pub(crate) fn command(&self) -> Command {
        general_authenticate(&tlv::write(0x83, &self.own.public)).chained()
    }

    /// Takes the chip's; returns the session, and the command that shows that the terminal knows
    /// the password.
    pub(crate) fn prove(self, answer: &[u8]) -> Result<(Unproven, Command), PaceError> {
        let chip = answered(answer, 0x84)?;
        if chip == self.own.public {
            return Err(PaceError::Reflected);
        }
        let (offer, suite) = (self.offer, self.offer.suite);
        let secret = offer.curve.agree(&self.own.private, chip)?;
        let mac = suite.derive(&secret, Purpose::Mac);
        let token = |point: &[u8]| {
            let objects = [tlv::write(0x06, offer.protocol.as_bytes()), tlv::write(0x86, point)];
            let key = tlv::write(0x7f49, &objects.concat());
            let key = if suite == Suite::TripleDes { suite.pad(&key) } else { key };
            suite.mac(&mac, &key)
        };
        let command = general_authenticate(&tlv::write(0x85, &token(chip)?));
        let session = Session::new(suite, &secret, None);
        Ok((Unproven { session, token: token(&self.own.public)? }, command))
    }
}

impl Unproven {
    /// The session, if the chip's token shows that it knows the password.
    pub(crate) fn finish(self, answer: &[u8]) -> Result<Session, PaceError> {
        if same(answered(answer, 0x86)?, &self.token) {
            Ok(self.session)
        } else {
            Err(PaceError::Token)
        }
    }
}

fn general_authenticate(object: &[u8]) -> Command {
    Command::new(0x86, 0, 0).with(tlv::write(0x7c, object)).expecting(256)
}

/// One object of a dynamic authentication.
fn answered(answer: &[u8], tag: u32) -> Result<&[u8], PaceError> {
    let objects = tlv::expect(answer, 0x7c).map_err(|_| PaceError::Malformed)?;
    tlv::find(objects, tag).ok_or(PaceError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        hex::decode(text).expect("hex")
    }

    /// What EF.CardAccess says in Doc 9303-11, G.1, behind two ways that are not known here.
    const CARD_ACCESS: &str = "31\
        3C\
        3012060A04007F00070202040102020102020100\
        3012060A04007F0007020204060202010202010D\
        3012060A04007F0007020204020202010202010D";

    fn drawn(mut keys: Vec<&'static str>) -> impl FnMut(&mut [u8]) -> Result<(), crate::NoRandom> {
        move |buffer| {
            buffer.copy_from_slice(&hex(keys.pop().expect("a draw")));
            Ok(())
        }
    }

    fn answer(tag: u32, value: &str) -> Vec<u8> {
        tlv::write(0x7c, &tlv::write(tag, &hex(value)))
    }

    #[test]
    fn the_worked_example_of_appendix_g_is_met_byte_for_byte() {
        let offers = offered(&hex(CARD_ACCESS));
        assert_eq!(offers.len(), 1);
        let key = AccessKey::Mrz("T22000129364081251010318".into());
        assert_eq!(
            hex::encode_upper(&*key.password_key(Suite::Aes128)),
            "89DED1B26624EC1E634C1989302849DD"
        );
        let mut random = drawn(vec![
            "A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595",
            "7F4EF07B9EA82FD78AD689B38D0BC78CF21F249D953BC46F4C6E19259C010F99",
        ]);
        let pace = Pace::new(offers[0], &key);
        let set = "0022C1A40F800A04007F00070202040202830101";
        assert_eq!(hex::encode_upper(pace.set().encode()), set);
        let nonce = answer(0x80, "95A3A016522EE98D01E76CB6B98B42C3");
        let mapping = pace.map(&nonce, &mut random).expect("mapped");
        assert_eq!(hex::encode_upper(&*mapping.nonce), "3F00C4D39D153F2B2A214A078D899B22");
        assert_eq!(
            hex::encode_upper(mapping.command().encode()),
            "10860000457C438141047ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E\
             544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D00"
        );
        let chip = "04824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F57\
                    30D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C54";
        let agreement = mapping.agree(&answer(0x82, chip), &mut random).expect("agreed");
        assert_eq!(
            hex::encode_upper(&agreement.own.public[1..]),
            "2DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C\
             3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB36462"
        );
        let chip = "049E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB\
                    7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F094";
        let (unproven, command) = agreement.prove(&answer(0x84, chip)).expect("proved");
        let expected = "008600000C7C0A8508C2B0BD78D94BA86600";
        assert_eq!(hex::encode_upper(command.encode()), expected);
        assert_eq!(hex::encode_upper(unproven.token), "3ABB9674BCE93C08");
        assert!(unproven.finish(&answer(0x86, "3ABB9674BCE93C08")).is_ok());
    }

    #[test]
    fn a_chip_that_does_not_know_the_password_opens_nothing() {
        let session = Session::with_zero_keys(Suite::Aes128);
        let unproven = Unproven { session, token: [1; 8] };
        let answer = answer(0x86, "3ABB9674BCE93C08");
        assert_eq!(unproven.finish(&answer).err(), Some(PaceError::Token));
    }

    #[test]
    fn a_point_off_its_curve_and_the_own_key_returned_are_refused() {
        let offer = offered(&hex(CARD_ACCESS))[0];
        let off = format!("04{}{}", "11".repeat(32), "22".repeat(32));
        let key = AccessKey::Can("999999".into());
        let mut random = |buffer: &mut [u8]| {
            buffer.fill(7);
            Ok(())
        };
        let nonce = answer(0x80, &"ab".repeat(16));
        let mapping = Pace::new(offer, &key).map(&nonce, &mut random).expect("mapped");
        let refused = mapping.agree(&answer(0x82, &off), &mut random).err();
        assert_eq!(refused, Some(PaceError::Curve(CurveError::Point)));
        let agreement =
            Agreement { offer, own: offer.curve.draw(None, &mut random).expect("drawn") };
        let own = answer(0x84, &hex::encode(&agreement.own.public));
        assert_eq!(agreement.prove(&own).err(), Some(PaceError::Reflected));
        let mapping = Pace::new(offer, &key).map(&[0x7c, 2, 0x80, 0], &mut random);
        assert_eq!(mapping.err(), Some(PaceError::Malformed));
    }
}
