//! What a disk may hold after the power went.

use super::disk::Write;
use crate::dice::Dice;

/// What a drive writes whole or not at all.
const SECTOR: usize = 512;
/// What the file system writes at once.
const BLOCK: usize = 4096;

/// What becomes of the writes since the last flush.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// All are lost.
    Drop,
    /// All are there.
    Keep,
    /// Each is there or not, whichever came first.
    Reorder,
    /// Each block of each is there or not.
    Mix,
    /// Each sector of each is there or not.
    Tear,
}

/// The disk's bytes after a cut at the end of `log`, and how many writes were in flight. A lying
/// disk takes no flush for what it is.
pub(super) fn after_cut(
    base: &[u8],
    log: &[Write],
    lying: bool,
    dice: &mut Dice,
) -> (Vec<u8>, usize) {
    let flushed = if lying {
        log.len() / 2
    } else {
        log.iter().rposition(|write| *write == Write::Flush).unwrap_or(0)
    };
    let fates = [Fate::Drop, Fate::Keep, Fate::Reorder, Fate::Mix, Fate::Tear];
    let fate = fates[dice.below(fates.len() as u64) as usize];
    let mut disk = base.to_vec();
    let mut in_flight = 0;
    for (place, write) in log.iter().enumerate() {
        let Write::Bytes { offset, bytes } = write else { continue };
        if place < flushed {
            disk[*offset..offset + bytes.len()].copy_from_slice(bytes);
        } else {
            in_flight += 1;
            survive(&mut disk, *offset, bytes, fate, dice);
        }
    }
    (disk, in_flight)
}

fn survive(disk: &mut [u8], offset: usize, bytes: &[u8], fate: Fate, dice: &mut Dice) {
    let unit = match fate {
        Fate::Drop => return,
        Fate::Keep | Fate::Reorder => bytes.len(),
        Fate::Mix => BLOCK,
        Fate::Tear => SECTOR,
    };
    let keeps_all = matches!(fate, Fate::Keep);
    for (at, part) in bytes.chunks(unit.max(1)).enumerate() {
        if keeps_all || dice.one_in(2) {
            let start = offset + at * unit;
            disk[start..start + part.len()].copy_from_slice(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(offset: usize, value: u8, length: usize) -> Write {
        Write::Bytes { offset, bytes: vec![value; length] }
    }

    #[test]
    fn what_was_flushed_is_there_and_what_was_not_may_be() {
        let log = [bytes(0, 1, 4096), Write::Flush, bytes(4096, 2, 8192)];
        let mut dice = Dice::new(1);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            let (disk, in_flight) = after_cut(&[0; 12288], &log, false, &mut dice);
            assert_eq!(in_flight, 1);
            assert!(disk[..4096].iter().all(|byte| *byte == 1), "flushed");
            let sectors = disk[4096..].chunks(SECTOR);
            assert!(sectors.clone().all(|s| s.iter().all(|byte| *byte == s[0])), "whole sectors");
            seen.insert(sectors.map(|s| s[0]).collect::<Vec<_>>());
        }
        let all = vec![2; 16];
        assert!(seen.contains(&vec![0; 16]) && seen.contains(&all) && seen.len() > 10);
    }

    #[test]
    fn a_lying_disk_loses_what_was_flushed() {
        let log = [bytes(0, 1, 512), bytes(512, 1, 512), bytes(0, 2, 512), Write::Flush];
        let mut dice = Dice::new(2);
        let lost = |lying, dice: &mut Dice| {
            (0..50).any(|_| after_cut(&[0; 1024], &log, lying, dice).0[..512] != [2; 512])
        };
        assert!(lost(true, &mut dice) && !lost(false, &mut dice));
    }
}
