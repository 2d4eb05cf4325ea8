//! Chip Authentication (Doc 9303-11, 6.2): a key agreement with the chip's static key in DG14. Only
//! the chip that has its private half can go on talking under the new session's keys.

use der::Decode;
use der::asn1::ObjectIdentifier;
use spki::SubjectPublicKeyInfoOwned;

use crate::apdu::Command;
use crate::cipher::Suite;
use crate::curve::{Curve, CurveError, KeyPair};
use crate::lds::security::SecurityInfo;
use crate::secure::Session;
use crate::signature::ec_key;
use crate::{Random, tlv};

/// `id-CA-ECDH`; the next number is the cipher.
const CA_ECDH: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.2.2.3.2");
/// `id-PK-ECDH`.
const PK_ECDH: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.2.2.1.2");

/// The chip's static key, and how it is used.
pub(crate) struct StaticKey {
    protocol: ObjectIdentifier,
    suite: Suite,
    curve: Curve,
    point: Vec<u8>,
    /// Which key, where the chip has several.
    id: Option<Vec<u8>>,
}

/// The way of Chip Authentication that DG14 offers and that is known here.
pub(crate) fn offered(infos: &[SecurityInfo]) -> Option<StaticKey> {
    infos.iter().filter(|info| info.protocol == PK_ECDH).find_map(|info| {
        let key = SubjectPublicKeyInfoOwned::from_der(&info.required.whole).ok()?;
        let (curve, point) = ec_key(&key)?;
        let number = |info: &SecurityInfo| info.optional.as_ref().map(|id| id.value.clone());
        let id = number(info);
        let same_key = |info: &&SecurityInfo| number(info) == id;
        let ways = infos.iter().filter(same_key).filter_map(|i| Some((i.protocol, suite(i)?)));
        // Issuers that give no info mean 3DES.
        let des = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.2.2.3.2.1");
        let strongest = ways.max_by_key(|(_, suite)| (suite.block(), suite.key_bytes()));
        let (protocol, suite) = strongest.unwrap_or((des, Suite::TripleDes));
        Some(StaticKey { protocol, suite, curve, point: point.to_vec(), id })
    })
}

/// Whether DG14 names a static key, known here or not.
pub(crate) fn is_named(infos: &[SecurityInfo]) -> bool {
    let group = PK_ECDH.as_bytes();
    // id-PK-DH and id-PK-ECDH differ in their last number.
    infos.iter().any(|info| info.protocol.as_bytes().starts_with(&group[..group.len() - 1]))
}

fn suite(info: &SecurityInfo) -> Option<Suite> {
    match info.protocol.as_bytes().strip_prefix(CA_ECDH.as_bytes())? {
        [1] => Some(Suite::TripleDes),
        [2] => Some(Suite::Aes128),
        [3] => Some(Suite::Aes192),
        [4] => Some(Suite::Aes256),
        _ => None,
    }
}

impl StaticKey {
    /// Draws the terminal's key.
    pub(crate) fn draw(&self, random: Random<'_>) -> Result<KeyPair, CurveError> {
        self.curve.draw(None, random)
    }

    /// The commands that give the chip the terminal's key; all must be answered with "done".
    pub(crate) fn commands(&self, own: &KeyPair) -> Vec<Command> {
        let id = self.id.iter().flat_map(|id| tlv::write(0x84, id));
        if self.suite == Suite::TripleDes {
            let objects: Vec<u8> = tlv::write(0x91, &own.public).into_iter().chain(id).collect();
            return vec![Command::new(0x22, 0x41, 0xa6).with(objects)];
        }
        let protocol = tlv::write(0x80, self.protocol.as_bytes());
        let objects: Vec<u8> = protocol.into_iter().chain(id).collect();
        let key = tlv::write(0x7c, &tlv::write(0x80, &own.public));
        vec![
            Command::new(0x22, 0x41, 0xa4).with(objects),
            Command::new(0x86, 0, 0).with(key).expecting(256),
        ]
    }

    /// The session that only the chip with the private key can share.
    pub(crate) fn session(&self, own: &KeyPair) -> Result<Session, CurveError> {
        let secret = self.curve.agree(&own.private, &self.point)?;
        Ok(Session::new(self.suite, &secret, None))
    }
}
