//! Digests of files with one beginning, which is read once for all of them.
//!
//! Each signature and each time-stamp of a copy covers the unsigned file, which is nearly all of
//! it, and some kilobytes behind it.

use std::ops::Range;

use ring::digest::{Context, SHA256};

/// How a file begins, as far as its SHA-256 goes.
#[derive(Clone)]
pub(crate) struct Beginning {
    length: usize,
    context: Context,
}

impl Beginning {
    /// Of a file that begins with all of these bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(bytes);
        Self { length: bytes.len(), context }
    }

    /// How many bytes it is.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// The SHA-256 of a file that begins so, and of what follows it.
    pub(crate) fn digest(&self, file: &[u8], more: &[&[u8]]) -> [u8; 32] {
        let mut context = self.context.clone();
        context.update(&file[self.length..]);
        more.iter().for_each(|part| context.update(part));
        finished(context)
    }

    /// The SHA-256 of a file that begins so, without a hole behind the beginning.
    pub(crate) fn digest_around(&self, file: &[u8], hole: &Range<usize>) -> [u8; 32] {
        self.digest(&file[..hole.start], &[&file[hole.end..]])
    }
}

fn finished(context: Context) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;

    #[test]
    fn a_digest_is_the_same_wherever_the_beginning_ends() {
        let file: Vec<u8> = (0..=255).cycle().take(1000).collect();
        for length in [0, 1, 64, 700] {
            let beginning = Beginning::of(&file[..length]);
            assert_eq!(beginning.digest(&file, &[]), hash(&file));
            assert_eq!(beginning.digest(&file[..800], &[&file[800..]]), hash(&file));
            let around = [&file[..710], &file[720..]].concat();
            assert_eq!(beginning.digest_around(&file, &(710..720)), hash(&around));
        }
    }
}
