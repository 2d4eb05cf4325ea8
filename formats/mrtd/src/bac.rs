//! Basic Access Control (Doc 9303-11, 4.3): chip and terminal show each other that both know the
//! machine-readable zone, and agree on the keys of a session.

use zeroize::Zeroizing;

use crate::access::AccessKey;
use crate::apdu::Command;
use crate::cipher::{Key, MAC_BYTES, NotBlocks, Purpose, Suite};
use crate::secure::{Session, same};
use crate::{NoRandom, Random};

const SUITE: Suite = Suite::TripleDes;

/// Why a chip's answer opens no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BacError {
    #[error("the chip's answer has another length")]
    Length,
    #[error("the chip's answer is not by the same zone")]
    Mac,
    #[error("the chip answered another challenge")]
    Nonce,
    #[error("draw random numbers")]
    Random(#[from] NoRandom),
}

impl From<NotBlocks> for BacError {
    fn from(_: NotBlocks) -> Self {
        Self::Length
    }
}

/// An authentication under way.
pub(crate) struct Bac {
    encryption: Key,
    mac: Key,
    chip: [u8; 8],
    own: [u8; 8],
    own_key: Zeroizing<[u8; 16]>,
}

/// Asks for the chip's challenge.
pub(crate) const fn get_challenge() -> Command {
    Command::new(0x84, 0, 0).expecting(8)
}

impl Bac {
    /// Takes the chip's challenge. None where the key is a card access number.
    pub(crate) fn new(
        key: &AccessKey,
        challenge: &[u8],
        random: Random<'_>,
    ) -> Option<Result<Self, BacError>> {
        let seed = key.bac_seed()?;
        let mut begin = || {
            let chip = *challenge.first_chunk::<8>().ok_or(BacError::Length)?;
            let (mut own, mut own_key) = ([0; 8], Zeroizing::new([0; 16]));
            random(&mut own)?;
            random(own_key.as_mut_slice())?;
            let encryption = SUITE.derive(&seed, Purpose::Encryption);
            let mac = SUITE.derive(&seed, Purpose::Mac);
            Ok(Self { encryption, mac, chip, own, own_key })
        };
        Some(begin())
    }

    /// The command by which the terminal shows that it knows the zone.
    pub(crate) fn authenticate(&self) -> Result<Command, BacError> {
        let secret = Zeroizing::new([&self.own, &self.chip, self.own_key.as_slice()].concat());
        let mut data = SUITE.encrypt(&self.encryption, &[], &secret)?;
        data.extend(SUITE.mac(&self.mac, &SUITE.pad(&data))?);
        Ok(Command::new(0x82, 0, 0).with(data).expecting(40))
    }

    /// The session, if the chip's answer shows that it knows the zone too.
    pub(crate) fn finish(self, answer: &[u8]) -> Result<Session, BacError> {
        if answer.len() != 32 + MAC_BYTES {
            return Err(BacError::Length);
        }
        let (text, mac) = answer.split_at(32);
        if !same(mac, &SUITE.mac(&self.mac, &SUITE.pad(text))?) {
            return Err(BacError::Mac);
        }
        let secret = SUITE.decrypt(&self.encryption, &[], text)?;
        if secret[..8] != self.chip || secret[8..16] != self.own {
            return Err(BacError::Nonce);
        }
        let shared: Vec<u8> =
            self.own_key.iter().zip(&secret[16..]).map(|(own, chip)| own ^ chip).collect();
        let mut counter = [0; 8];
        counter[..4].copy_from_slice(&self.chip[4..]);
        counter[4..].copy_from_slice(&self.own[4..]);
        Ok(Session::new(SUITE, &Zeroizing::new(shared), Some(counter)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        hex::decode(text).expect("hex")
    }

    /// Doc 9303-11, D.3, with its random numbers.
    fn example() -> Bac {
        let key = AccessKey::Mrz("L898902C<369080619406236".into());
        let mut drawn = vec![hex("0B795240CB7049B01C19B33E32804F0B"), hex("781723860C06C226")];
        let mut random = |buffer: &mut [u8]| {
            buffer.copy_from_slice(&drawn.pop().expect("two draws"));
            Ok(())
        };
        let challenge = hex("4608F91988702212");
        Bac::new(&key, &challenge, &mut random).expect("a zone").expect("begun")
    }

    const ANSWER: &str = "46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F\
                          2F2D235D074D7449";

    #[test]
    fn the_worked_example_of_appendix_d_is_met_byte_for_byte() {
        let sent = example().authenticate().expect("a command").encode();
        let expected = "008200002872C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92\
                        F25F1448EEA8AD90A728";
        assert_eq!(hex::encode_upper(sent), expected);
        let mut session = example().finish(&hex(ANSWER)).expect("a session");
        let select = Command::new(0xa4, 2, 0x0c).with([1, 0x1e]);
        let sent = session.protect(&select).expect("wrapped").encode();
        let expected = "0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800";
        assert_eq!(hex::encode_upper(sent), expected);
    }

    #[test]
    fn an_answer_that_is_not_the_chips_opens_nothing() {
        let mut changed = hex(ANSWER);
        changed[39] ^= 1;
        assert_eq!(example().finish(&changed).err(), Some(BacError::Mac));
        assert_eq!(example().finish(&changed[..39]).err(), Some(BacError::Length));
        let can = AccessKey::Can("123456".into());
        assert!(Bac::new(&can, &[0; 8], &mut |_| Ok(())).is_none());
    }
}
