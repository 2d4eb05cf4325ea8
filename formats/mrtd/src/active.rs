//! Active Authentication (Doc 9303-11, 6.1): the chip signs a challenge with a key that cannot be
//! read from it; its public half is in DG15.

use der::Decode;
use spki::SubjectPublicKeyInfoOwned;

use crate::apdu::Command;
use crate::iso9796;
use crate::lds::security::SecurityInfo;
use crate::signature::{Hash, ec_key, rsa_key};

/// Bytes of the challenge.
pub(crate) const CHALLENGE_BYTES: usize = 8;
/// `id-icao-mrtd-security-aaProtocolObject`, in DG14: names the algorithm of elliptic keys.
const AA_PROTOCOL: &str = "2.23.136.1.1.5";
/// Plain ECDSA by BSI TR-03111: the last number names the digest.
const ECDSA_PLAIN: &str = "0.4.0.127.0.7.1.1.4.1";

/// The command that asks for a signature. A signature by a key of 2048 bits and what secures it do
/// not fit into a short answer.
pub(crate) fn command(challenge: [u8; CHALLENGE_BYTES], key: &[u8]) -> Command {
    let long = SubjectPublicKeyInfoOwned::from_der(key)
        .is_ok_and(|key| rsa_key(&key).is_some_and(|(modulus, _)| modulus.len() > 208));
    Command::new(0x88, 0, 0).with(challenge).expecting(if long { 65_536 } else { 256 })
}

/// Whether the chip's answer is a signature of the challenge by the key of DG15.
pub(crate) fn is_signed(
    key: &[u8],
    infos: &[SecurityInfo],
    challenge: [u8; CHALLENGE_BYTES],
    answer: &[u8],
) -> bool {
    let Ok(key) = SubjectPublicKeyInfoOwned::from_der(key) else { return false };
    if let Some((modulus, exponent)) = rsa_key(&key) {
        let block = iso9796::open(modulus, exponent, answer);
        return block.is_some_and(|block| iso9796::is_signed(&block, &challenge));
    }
    let Some((curve, point)) = ec_key(&key) else { return false };
    let hashes = named_hash(infos).map_or_else(
        // Chips without the info exist; the digest is then one as long as the curve.
        || vec![Hash::Sha256, Hash::Sha384, Hash::Sha512],
        |hash| vec![hash],
    );
    hashes.into_iter().any(|hash| {
        let digest = hash.digest(&challenge);
        // Plain numbers by the book; some chips answer in DER.
        curve.is_signed(point, &digest, answer, false)
            || curve.is_signed(point, &digest, answer, true)
    })
}

fn named_hash(infos: &[SecurityInfo]) -> Option<Hash> {
    let info = infos.iter().find(|info| info.protocol.to_string() == AA_PROTOCOL)?;
    let named = info.optional.as_ref().filter(|value| value.tag == 0x06)?;
    let named = der::asn1::ObjectIdentifier::from_bytes(&named.value).ok()?.to_string();
    match named.strip_prefix(ECDSA_PLAIN)? {
        ".3" => Some(Hash::Sha256),
        ".4" => Some(Hash::Sha384),
        ".5" => Some(Hash::Sha512),
        _ => None,
    }
}
