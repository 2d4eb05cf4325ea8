//! Single bits that flip on a kiosk's disk, and whether the kiosk notices.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use formats_files::{Disk, MemoryDisk};
use kiosk::store::{Store, StoreError};

use crate::chaos::Chaos;

/// A bit of a file.
#[derive(Debug, Clone)]
pub struct Flip {
    /// The file.
    pub path: String,
    /// The byte.
    pub offset: usize,
    /// The bit, 0 to 7.
    pub bit: u32,
}

impl Flip {
    /// Flips it; a second time repairs it. Nothing happens if the file is gone.
    pub fn apply(&self, disk: &MemoryDisk) {
        if disk.length(&self.path).is_err() {
            return;
        }
        disk.damage(&self.path, |bytes| {
            if let Some(byte) = bytes.get_mut(self.offset) {
                *byte ^= 1 << self.bit;
            }
        });
    }
}

/// A bit of the journal or of a sealed copy. The journal's last sound frame is left out, and what
/// the power cut short behind it: damage there cannot be told from an append that the power cut
/// short unless the head anchor was on the disk already, which is why receipts and tickets carry
/// the number too.
pub fn choose(disk: &MemoryDisk, chaos: &Chaos) -> Option<Flip> {
    let mut files = disk.files();
    files.retain(|path| path.ends_with(".seg") || path.ends_with(".pdf"));
    if files.is_empty() {
        return None;
    }
    let path = files.swap_remove(chaos.below(files.len() as u64) as usize);
    let bytes = disk.read(&path, u64::MAX).ok()?;
    let end = if path.ends_with(".seg") { last_frame(&bytes) } else { bytes.len() };
    if end == 0 {
        return None;
    }
    let offset = chaos.below(end as u64) as usize;
    Some(Flip { path, offset, bit: u32::try_from(chaos.below(8)).unwrap_or(0) })
}

/// Where the last sound frame of a segment begins.
fn last_frame(bytes: &[u8]) -> usize {
    let (mut at, mut last) = (56, 0);
    let number = |at: usize| {
        let bytes = bytes.get(at..at + 4)?;
        bytes.try_into().ok().map(u32::from_le_bytes)
    };
    while let (Some(length), Some(sum)) = (number(at), number(at + 4)) {
        let end = at + 8 + length as usize;
        let Some(payload) = bytes.get(at + 8..end) else { break };
        let sound = crc32c::crc32c_append(crc32c::crc32c(&length.to_le_bytes()), payload) == sum;
        if !sound {
            break;
        }
        (last, at) = (at, end);
    }
    last
}

/// Whether opening the store, or reading the copy, says that something is wrong.
#[must_use]
pub fn is_noticed(flip: &Flip, opened: Result<Arc<Store>, StoreError>) -> bool {
    match opened {
        Err(StoreError::Damaged { .. } | StoreError::Newer { .. }) => flip.path.ends_with(".seg"),
        Err(_) => false,
        Ok(store) => {
            let name = flip.path.rsplit('/').next().and_then(|name| name.strip_suffix(".pdf"));
            let Some(sha256) = name else { return false };
            // What a commit left unfinished, or what has aged out, is swept away, changed or not.
            let on_record = store.list().is_ok_and(|all| {
                all.iter().any(|copy| copy.sha256 == sha256 && copy.aged_out_at.is_none())
            });
            let read = store.copy_bytes(sha256);
            !on_record || matches!(read, Err(StoreError::CopyDamaged { .. }))
        }
    }
}

/// Loses, cuts short or changes files of the index, which may cost time and nothing else. What the
/// index's files look like is sled's own affair, so as many numbers are drawn whatever is there.
pub fn spoil_index(folder: &Path, chaos: &Chaos) {
    let [what, which, place] = [(); 3].map(|()| chaos.below(1 << 32) as usize);
    if what % 3 == 0 {
        // What cannot be removed is still there, which is another case of the same test.
        let _ = std::fs::remove_dir_all(folder);
        return;
    }
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.is_file());
    files.sort_unstable();
    let Some(file) = files.get(which % files.len().max(1)) else { return };
    let Ok(mut bytes) = std::fs::read(file) else { return };
    if bytes.is_empty() {
        return;
    }
    let at = place % bytes.len();
    if what % 3 == 1 {
        bytes.truncate(at);
    } else {
        bytes[at] ^= 1 << (place % 8);
    }
    let _ = std::fs::write(file, bytes);
}
