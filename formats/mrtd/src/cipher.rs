//! The ciphers of secure messaging: 3DES with retail MAC, AES with CMAC, and the derivation of
//! their keys (Doc 9303-11, 9.7 and 9.8).

use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit};
use cmac::{Cmac, Mac};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use zeroize::Zeroizing;

/// A secret key.
pub(crate) type Key = Zeroizing<Vec<u8>>;

/// Bytes of every MAC, cut to that.
pub(crate) const MAC_BYTES: usize = 8;

/// What a key is derived for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Encryption = 1,
    Mac = 2,
    Password = 3,
}

/// A cipher with its MAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Suite {
    TripleDes,
    Aes128,
    Aes192,
    Aes256,
}

/// Bytes that are no whole blocks, or a key of another length. Neither happens with keys derived
/// here; it can with what a chip answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the data is no whole number of blocks")]
pub(crate) struct NotBlocks;

macro_rules! with_cipher {
    ($suite:expr, $apply:ident($($argument:expr),*)) => {
        match $suite {
            Suite::TripleDes => $apply::<des::TdesEde2>($($argument),*),
            Suite::Aes128 => $apply::<aes::Aes128>($($argument),*),
            Suite::Aes192 => $apply::<aes::Aes192>($($argument),*),
            Suite::Aes256 => $apply::<aes::Aes256>($($argument),*),
        }
    };
}

impl Suite {
    pub(crate) const ALL: [Self; 4] = [Self::TripleDes, Self::Aes128, Self::Aes192, Self::Aes256];

    /// Bytes of a block, and of the send sequence counter.
    pub(crate) const fn block(self) -> usize {
        match self {
            Self::TripleDes => 8,
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
        }
    }

    pub(crate) const fn key_bytes(self) -> usize {
        match self {
            Self::TripleDes | Self::Aes128 => 16,
            Self::Aes192 => 24,
            Self::Aes256 => 32,
        }
    }

    /// Derives a key from a shared secret.
    pub(crate) fn derive(self, secret: &[u8], purpose: Purpose) -> Key {
        let input = Zeroizing::new([secret, &(purpose as u32).to_be_bytes()].concat());
        let hash = match self {
            Self::TripleDes | Self::Aes128 => digest(&SHA1_FOR_LEGACY_USE_ONLY, &input),
            Self::Aes192 | Self::Aes256 => digest(&SHA256, &input),
        };
        let mut key = Zeroizing::new(hash.as_ref()[..self.key_bytes()].to_vec());
        if self == Self::TripleDes {
            // The lowest bit of each byte makes the number of ones odd.
            key.iter_mut().for_each(|byte| *byte ^= u8::from(byte.count_ones() % 2 == 0));
        }
        key
    }

    /// Encrypts whole blocks in CBC mode; an empty `iv` is one of zeros.
    pub(crate) fn encrypt(self, key: &[u8], iv: &[u8], plain: &[u8]) -> Result<Vec<u8>, NotBlocks> {
        fn with<C>(key: &[u8], iv: &[u8], plain: &[u8]) -> Option<Vec<u8>>
        where
            C: aes::cipher::BlockCipherEncrypt + KeyInit,
        {
            let cipher = cbc::Encryptor::<C>::new_from_slices(key, iv).ok()?;
            Some(cipher.encrypt_padded_vec::<NoPadding>(plain))
        }
        let zeros = vec![0; self.block()];
        let iv = if iv.is_empty() { &zeros } else { iv };
        if !plain.len().is_multiple_of(self.block()) {
            return Err(NotBlocks);
        }
        with_cipher!(self, with(key, iv, plain)).ok_or(NotBlocks)
    }

    /// Decrypts whole blocks in CBC mode; an empty `iv` is one of zeros.
    pub(crate) fn decrypt(self, key: &[u8], iv: &[u8], text: &[u8]) -> Result<Key, NotBlocks> {
        fn with<C>(key: &[u8], iv: &[u8], text: &[u8]) -> Option<Vec<u8>>
        where
            C: aes::cipher::BlockCipherDecrypt + KeyInit,
        {
            let cipher = cbc::Decryptor::<C>::new_from_slices(key, iv).ok()?;
            cipher.decrypt_padded_vec::<NoPadding>(text).ok()
        }
        let zeros = vec![0; self.block()];
        let iv = if iv.is_empty() { &zeros } else { iv };
        with_cipher!(self, with(key, iv, text)).map(Zeroizing::new).ok_or(NotBlocks)
    }

    /// The MAC of a message. For 3DES it must be padded already.
    pub(crate) fn mac(self, key: &[u8], message: &[u8]) -> Result<[u8; MAC_BYTES], NotBlocks> {
        match self {
            Self::TripleDes => retail_mac(key, message),
            Self::Aes128 => cmac_of::<Cmac<aes::Aes128>>(key, message),
            Self::Aes192 => cmac_of::<Cmac<aes::Aes192>>(key, message),
            Self::Aes256 => cmac_of::<Cmac<aes::Aes256>>(key, message),
        }
        .ok_or(NotBlocks)
    }

    /// Appends one bit and as many zeros as fill the block (ISO 9797-1, method 2).
    pub(crate) fn pad(self, bytes: &[u8]) -> Vec<u8> {
        let mut padded = bytes.to_vec();
        padded.push(0x80);
        padded.resize(padded.len().next_multiple_of(self.block()), 0);
        padded
    }
}

/// Takes the padding off again.
pub(crate) fn unpad(padded: &[u8]) -> Option<&[u8]> {
    let end = padded.iter().rposition(|byte| *byte != 0)?;
    (padded[end] == 0x80).then_some(&padded[..end])
}

fn cmac_of<M: Mac + cmac::KeyInit>(key: &[u8], message: &[u8]) -> Option<[u8; MAC_BYTES]> {
    let mut mac = <M as cmac::KeyInit>::new_from_slice(key).ok()?;
    mac.update(message);
    mac.finalize().into_bytes().first_chunk().copied()
}

/// ISO 9797-1, algorithm 3: DES in CBC mode, its last block by both keys.
fn retail_mac(key: &[u8], message: &[u8]) -> Option<[u8; MAC_BYTES]> {
    let (first, second) = key.split_at_checked(8)?;
    let chained = cbc::Encryptor::<des::Des>::new_from_slices(first, &[0; 8]).ok()?;
    if message.is_empty() || !message.len().is_multiple_of(8) {
        return None;
    }
    let chained = chained.encrypt_padded_vec::<NoPadding>(message);
    let last = chained.last_chunk::<8>()?;
    let open = cbc::Decryptor::<des::Des>::new_from_slices(second, &[0; 8]).ok()?;
    let middle = open.decrypt_padded_vec::<NoPadding>(last).ok()?;
    let close = cbc::Encryptor::<des::Des>::new_from_slices(first, &[0; 8]).ok()?;
    close.encrypt_padded_vec::<NoPadding>(&middle).first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_derived_as_in_appendix_d() {
        // Doc 9303-11, D.1.
        let seed = hex::decode("239AB9CB282DAF66231DC5A4DF6BFBAE").expect("hex");
        let key = |purpose| hex::encode_upper(&*Suite::TripleDes.derive(&seed, purpose));
        assert_eq!(key(Purpose::Encryption), "AB94FDECF2674FDFB9B391F85D7F76F2");
        assert_eq!(key(Purpose::Mac), "7962D9ECE03D1ACD4C76089DCE131543");
    }

    #[test]
    fn what_is_padded_and_encrypted_comes_back() {
        for suite in Suite::ALL {
            let key = vec![7; suite.key_bytes()];
            for length in [0, 1, 7, 8, 15, 16, 100] {
                let plain = vec![0x80; length];
                let text = suite.encrypt(&key, &[], &suite.pad(&plain)).expect("whole blocks");
                let back = suite.decrypt(&key, &[], &text).expect("whole blocks");
                assert_eq!(unpad(&back), Some(plain.as_slice()));
            }
            assert_eq!(suite.encrypt(&key, &[], &[1; 17]), Err(NotBlocks));
            assert_eq!(suite.decrypt(&key, &[], &[1; 17]), Err(NotBlocks));
        }
        assert_eq!(unpad(&[0; 8]), None);
        assert_eq!(unpad(&[]), None);
    }
}
