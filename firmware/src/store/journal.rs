//! The append-only journal: segments on a disk, one durable record at a time.

use std::sync::Arc;

use formats_files::{Disk, DiskFile};
use time::OffsetDateTime;

use super::error::{Contradiction, Damage, StoreError};
use super::frame::{self, GENESIS, HEADER_BYTES, Head, Header};
use super::record::{self, Entry, Record};
use crate::clock::VIETNAM;

/// A segment is closed when it is this long, so that old ones can be archived one by one and a
/// scan holds no more than this in memory.
const SEGMENT_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// A segment may pass the limit by one frame.
const SEGMENT_READ_MAX: u64 =
    SEGMENT_BYTES_MAX + (frame::PAYLOAD_BYTES_MAX + frame::FRAME_HEAD_BYTES) as u64;

const FOLDER: &str = "journal";
const HEAD_FILE: &str = "head";
const SUFFIX: &str = ".seg";
const NEW: &str = "journal/new";

/// Where a frame starts. `segment` is the sequence number of the segment's first record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) segment: u64,
    pub(super) offset: u64,
}

impl Position {
    fn damaged(self, damage: Damage) -> StoreError {
        StoreError::Damaged { segment: name(self.segment), offset: self.offset, damage }
    }
}

/// What a scan of the whole journal found at its end.
#[derive(Debug, Clone)]
pub(super) struct Tail {
    /// The last segment.
    pub(super) segment: u64,
    /// Bytes of it that are sound.
    pub(super) length: u64,
    /// Bytes behind them, left by an append that never finished.
    pub(super) torn: u64,
    /// The last record; `seq` is 0 when there is none.
    pub(super) head: Head,
    /// Where the last record starts.
    pub(super) last: Option<Position>,
    /// How many segments there are.
    pub(super) segments: usize,
}

/// Receives each record of a scan, in order.
pub(super) type Visitor<'a> = dyn FnMut(Position, &Entry) -> Result<(), Contradiction> + 'a;

fn name(segment: u64) -> String {
    format!("{segment:020}{SUFFIX}")
}

fn path(segment: u64) -> String {
    format!("{FOLDER}/{}", name(segment))
}

fn segments(disk: &dyn Disk) -> Result<Vec<u64>, StoreError> {
    let names = disk.list(FOLDER).map_err(|e| StoreError::disk("list", FOLDER, e))?;
    let mut found: Vec<u64> =
        names.iter().filter_map(|n| n.strip_suffix(SUFFIX)?.parse().ok()).collect();
    found.sort_unstable();
    Ok(found)
}

/// Reads and checks the whole journal without changing anything. None if there is none yet.
pub(super) fn scan(disk: &dyn Disk, visitor: &mut Visitor<'_>) -> Result<Option<Tail>, StoreError> {
    let anchor = read_head(disk)?;
    let segments = segments(disk)?;
    let (Some(&first), Some(&newest)) = (segments.first(), segments.last()) else {
        return match anchor {
            Some(head) if head.seq > 0 => {
                Err(Position { segment: 1, offset: 0 }.damaged(Damage::HeadLost(head.seq)))
            }
            _ => Ok(None),
        };
    };
    let mut tail = Tail {
        segment: first,
        length: 0,
        torn: 0,
        head: Head { seq: 0, hash: GENESIS },
        last: None,
        segments: segments.len(),
    };
    for segment in segments {
        scan_segment(disk, segment, segment == newest, anchor, &mut tail, visitor)?;
    }
    match anchor {
        Some(head) if head.seq > tail.head.seq => {
            let end = Position { segment: tail.segment, offset: tail.length };
            Err(end.damaged(Damage::HeadLost(head.seq)))
        }
        _ => Ok(Some(tail)),
    }
}

fn scan_segment(
    disk: &dyn Disk,
    segment: u64,
    newest: bool,
    anchor: Option<Head>,
    tail: &mut Tail,
    visitor: &mut Visitor<'_>,
) -> Result<(), StoreError> {
    let file = path(segment);
    let bytes =
        disk.read(&file, SEGMENT_READ_MAX).map_err(|e| StoreError::disk("read", &file, e))?;
    let mut at = Position { segment, offset: 0 };
    check_header(&bytes, at, &tail.head)?;
    tail.segment = segment;
    at.offset = HEADER_BYTES as u64;
    let mut offset = HEADER_BYTES;
    while offset < bytes.len() {
        at.offset = offset as u64;
        let Some(payload) = frame::decode(&bytes, offset) else {
            if newest && frame::is_torn_tail(&bytes[offset..]) {
                tail.torn = (bytes.len() - offset) as u64;
                break;
            }
            return Err(at.damaged(Damage::Frame));
        };
        let entry = read_entry(payload, at)?;
        check_chain(&entry, &tail.head).map_err(|damage| at.damaged(damage))?;
        tail.head = Head { seq: entry.seq, hash: frame::hash(payload) };
        if anchor.is_some_and(|a| a.seq == entry.seq && a != tail.head) {
            return Err(at.damaged(Damage::Chain));
        }
        visitor(at, &entry).map_err(|contradiction| at.damaged(contradiction.into()))?;
        tail.last = Some(at);
        offset += frame::FRAME_HEAD_BYTES + payload.len();
    }
    tail.length = offset as u64;
    Ok(())
}

fn check_header(bytes: &[u8], at: Position, before: &Head) -> Result<(), StoreError> {
    let header = Header::decode(bytes).ok_or_else(|| at.damaged(Damage::Header))?;
    if header.version > frame::VERSION {
        return Err(StoreError::Newer {
            segment: name(at.segment),
            offset: 0,
            found: header.version,
            known: frame::VERSION,
        });
    }
    let expected = before.seq + 1;
    if header.first_seq != expected || at.segment != expected {
        return Err(at.damaged(Damage::Sequence { expected, found: header.first_seq }));
    }
    if header.anchor != before.hash {
        return Err(at.damaged(Damage::Chain));
    }
    Ok(())
}

fn check_chain(entry: &Entry, before: &Head) -> Result<(), Damage> {
    if entry.seq != before.seq + 1 {
        return Err(Damage::Sequence { expected: before.seq + 1, found: entry.seq });
    }
    if entry.prev != hex::encode(before.hash) {
        return Err(Damage::Chain);
    }
    Ok(())
}

fn read_entry(payload: &[u8], at: Position) -> Result<Entry, StoreError> {
    /// What every version's payload begins with, so that a newer record is called newer.
    #[derive(serde::Deserialize)]
    struct Version {
        v: u32,
    }
    let newer = |found| StoreError::Newer {
        segment: name(at.segment),
        offset: at.offset,
        found,
        known: record::VERSION,
    };
    match serde_json::from_slice::<Entry>(payload) {
        Ok(entry) if entry.v > record::VERSION => Err(newer(entry.v)),
        Ok(entry) => Ok(entry),
        Err(error) => match serde_json::from_slice::<Version>(payload) {
            Ok(Version { v }) if v > record::VERSION => Err(newer(v)),
            _ => Err(at.damaged(Damage::Payload(error.to_string()))),
        },
    }
}

fn read_head(disk: &dyn Disk) -> Result<Option<Head>, StoreError> {
    match disk.read(HEAD_FILE, 4096) {
        Ok(bytes) => Ok(Head::decode(&bytes)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        // An unreadable sector costs the evidence, not the journal.
        Err(e) if e.kind() == std::io::ErrorKind::InvalidData => Ok(None),
        Err(e) => Err(StoreError::disk("read", HEAD_FILE, e)),
    }
}

/// Reads the record at a position that a scan or an append returned.
pub(super) fn read(disk: &dyn Disk, at: Position) -> Result<Entry, StoreError> {
    let file = path(at.segment);
    let failed = |e| StoreError::disk("read", &file, e);
    let head = disk.read_at(&file, at.offset, 4).map_err(failed)?;
    let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
    if length > frame::PAYLOAD_BYTES_MAX {
        return Err(at.damaged(Damage::Frame));
    }
    let bytes = disk.read_at(&file, at.offset, frame::FRAME_HEAD_BYTES + length).map_err(failed)?;
    let payload = frame::decode(&bytes, 0).ok_or_else(|| at.damaged(Damage::Frame))?;
    read_entry(payload, at)
}

/// The journal, open for appending.
///
/// After a failed write or fsync nobody knows what the disk holds, so the handle is shut: the next
/// append first cuts the file back to its last acknowledged record through a fresh handle.
pub(super) struct Journal {
    disk: Arc<dyn Disk>,
    file: Box<dyn DiskFile>,
    head_file: Box<dyn DiskFile>,
    segment: u64,
    length: u64,
    head: Head,
    last: Option<Position>,
    shut: bool,
    segment_bytes_max: u64,
}

impl Journal {
    /// Scans, cuts a torn tail off and opens for appending. Also says how the scan ended; None
    /// if the journal is new.
    pub(super) fn open(
        disk: Arc<dyn Disk>,
        visitor: &mut Visitor<'_>,
    ) -> Result<(Self, Option<Tail>), StoreError> {
        make_folder(&*disk, FOLDER)?;
        let found = scan(&*disk, visitor)?;
        if disk.list(FOLDER).is_ok_and(|names| names.iter().any(|n| n == "new")) {
            disk.remove(NEW).map_err(|e| StoreError::disk("remove", NEW, e))?;
        }
        let tail = match &found {
            Some(tail) => tail.clone(),
            None => {
                let head = Head { seq: 0, hash: GENESIS };
                create_segment(&*disk, head)?;
                let length = HEADER_BYTES as u64;
                Tail { segment: 1, length, torn: 0, head, last: None, segments: 1 }
            }
        };
        let file = open_cut(&*disk, tail.segment, tail.length)?;
        rewrite_last(&*disk, &*file, &tail)?;
        let head_file = open_head(&*disk)?;
        let journal = Self {
            disk,
            file,
            head_file,
            segment: tail.segment,
            length: tail.length,
            head: tail.head,
            last: tail.last,
            shut: false,
            segment_bytes_max: SEGMENT_BYTES_MAX,
        };
        journal.write_head();
        Ok((journal, found))
    }

    /// The last durable record.
    pub(super) const fn head(&self) -> Head {
        self.head
    }

    /// Makes a record durable and says where it is. An error means that it is not on record:
    /// whatever was written of it is cut off before anything else is appended.
    pub(super) fn append(
        &mut self,
        now: OffsetDateTime,
        record: Record,
    ) -> Result<(Position, Entry), StoreError> {
        self.reopen_if_shut()?;
        let entry = Entry {
            v: record::VERSION,
            seq: self.head.seq + 1,
            at: now.to_offset(VIETNAM),
            prev: hex::encode(self.head.hash),
            record,
        };
        let payload = serde_json::to_vec(&entry).map_err(StoreError::Encode)?;
        if payload.len() > frame::PAYLOAD_BYTES_MAX {
            let max = frame::PAYLOAD_BYTES_MAX;
            return Err(StoreError::RecordTooLong { bytes: payload.len(), max });
        }
        self.shut = true;
        if self.length >= self.segment_bytes_max {
            create_segment(&*self.disk, self.head)?;
            self.segment = self.head.seq + 1;
            self.length = HEADER_BYTES as u64;
            self.file = open_cut(&*self.disk, self.segment, self.length)?;
        }
        let bytes = frame::encode(&payload);
        let file = path(self.segment);
        self.file
            .write_at(self.length, &bytes)
            .map_err(|e| StoreError::disk("append to", &file, e))?;
        self.file.sync().map_err(|e| StoreError::disk("sync", &file, e))?;
        self.shut = false;
        let position = Position { segment: self.segment, offset: self.length };
        self.length += bytes.len() as u64;
        self.head = Head { seq: entry.seq, hash: frame::hash(&payload) };
        self.last = Some(position);
        self.write_head();
        Ok((position, entry))
    }

    /// Brings the journal back to its last acknowledged record after a failure.
    pub(super) fn reopen(&mut self) -> Result<(), StoreError> {
        let shut = |e| StoreError::Shut { source: Box::new(e) };
        self.shut = true;
        self.file = self.cut_back().map_err(shut)?;
        self.head_file = open_head(&*self.disk).map_err(shut)?;
        self.shut = false;
        Ok(())
    }

    /// [`Journal::reopen`] after a failure, else nothing.
    pub(super) fn reopen_if_shut(&mut self) -> Result<(), StoreError> {
        if self.shut { self.reopen() } else { Ok(()) }
    }

    fn cut_back(&self) -> Result<Box<dyn DiskFile>, StoreError> {
        let disk = &*self.disk;
        for later in segments(disk)?.into_iter().filter(|s| *s > self.segment) {
            disk.remove(&path(later)).map_err(|e| StoreError::disk("remove", &path(later), e))?;
        }
        let file = open_cut(disk, self.segment, self.length)?;
        if let Some(last) = self.last {
            let entry = read(disk, last)?;
            if entry.seq != self.head.seq {
                let expected = self.head.seq;
                return Err(last.damaged(Damage::Sequence { expected, found: entry.seq }));
            }
        }
        Ok(file)
    }

    /// Not synced, and a failure is no failure of the append: the head is evidence, not truth.
    fn write_head(&self) {
        if let Err(error) = self.head_file.write_at(0, &self.head.encode()) {
            tracing::warn!(%error, "could not write the journal's head anchor");
        }
    }

    #[cfg(test)]
    pub(super) const fn set_segment_bytes_max(&mut self, bytes: u64) {
        self.segment_bytes_max = bytes;
    }
}

/// Makes the folder and its entry durable.
pub(super) fn make_folder(disk: &dyn Disk, folder: &str) -> Result<(), StoreError> {
    disk.make_folder(folder).map_err(|e| StoreError::disk("make", folder, e))?;
    disk.sync_folder("").map_err(|e| StoreError::disk("sync", ".", e))
}

/// A named segment always has a whole header: it gets its name after its first fsync. The name
/// itself is durable after [`open_cut`].
fn create_segment(disk: &dyn Disk, head: Head) -> Result<(), StoreError> {
    let first_seq = head.seq + 1;
    let header = Header { version: frame::VERSION, first_seq, anchor: head.hash };
    let written = disk.create(NEW).and_then(|file| {
        file.write_at(0, &header.encode())?;
        file.sync()?;
        disk.rename(NEW, &path(first_seq))
    });
    written.map_err(|e| StoreError::disk("create", &path(first_seq), e))
}

fn open_cut(disk: &dyn Disk, segment: u64, length: u64) -> Result<Box<dyn DiskFile>, StoreError> {
    let file = path(segment);
    let opened = disk.open(&file).and_then(|handle| {
        if disk.length(&file)? > length {
            handle.set_length(length)?;
        }
        // What a killed program wrote last may be read back and yet not be on the disk.
        handle.sync()?;
        disk.sync_folder(FOLDER)?;
        Ok(handle)
    });
    opened.map_err(|e| StoreError::disk("open", &file, e))
}

/// Writes the last record once more. If its fsync failed and the program was killed then, the
/// kernel's cache holds it as clean: it reads back well, a further fsync says nothing, and it
/// would be gone after a power cut, from under the records that follow.
fn rewrite_last(disk: &dyn Disk, file: &dyn DiskFile, tail: &Tail) -> Result<(), StoreError> {
    let Some(last) = tail.last.filter(|last| last.segment == tail.segment) else { return Ok(()) };
    // A frame's length fits.
    let length = (tail.length - last.offset) as usize;
    let path = path(last.segment);
    let written = disk
        .read_at(&path, last.offset, length)
        .and_then(|bytes| file.write_at(last.offset, &bytes))
        .and_then(|()| file.sync());
    written.map_err(|e| StoreError::disk("write the last record of", &path, e))
}

fn open_head(disk: &dyn Disk) -> Result<Box<dyn DiskFile>, StoreError> {
    match disk.open(HEAD_FILE) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            disk.create(HEAD_FILE).and_then(|file| disk.sync_folder("").map(|()| file))
        }
        opened => opened,
    }
    .map_err(|e| StoreError::disk("open", HEAD_FILE, e))
}
