//! The append-only journal: segments on a disk, how they are read and checked. `append` adds to
//! them.

mod append;

use formats_files::Disk;

use super::error::{Contradiction, Damage, StoreError};
use super::frame::{self, GENESIS, HEADER_BYTES, Head, Header};
use super::record::{self, Entry, Unreadable};

pub(super) use append::{Journal, make_folder};

/// A segment is closed when it is this long, so that old ones can be archived one by one and a
/// scan holds no more than this in memory.
const SEGMENT_BYTES_MAX: u64 = 1024 * 1024;

/// The longest segment that is read: version 1 closed them at 8 MiB, and any may pass its limit by
/// one frame.
const SEGMENT_READ_MAX: u64 =
    8 * 1024 * 1024 + (frame::PAYLOAD_BYTES_MAX + frame::FRAME_HEAD_BYTES) as u64;

const FOLDER: &str = "journal";
const HEAD_FILE: &str = "head";
const SUFFIX: &str = ".seg";
const NEW: &str = "journal/new";

/// Where a record is: the frame that starts at `offset` holds it as its line number `line`, from 0.
/// `segment` is the sequence number of the segment's first record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) segment: u64,
    pub(super) offset: u64,
    pub(super) line: u32,
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
    /// The format version in its header.
    pub(super) version: u32,
    /// Bytes of it that are sound.
    pub(super) length: u64,
    /// Bytes behind them, left by an append that never finished.
    pub(super) torn: u64,
    /// The last record; `seq` is 0 when there is none.
    pub(super) head: Head,
    /// Where the last record is.
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
                Err(Position { segment: 1, offset: 0, line: 0 }.damaged(Damage::HeadLost(head.seq)))
            }
            _ => Ok(None),
        };
    };
    let mut tail = Tail {
        segment: first,
        version: frame::VERSION,
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
            let end = Position { segment: tail.segment, offset: tail.length, line: 0 };
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
    tail.version = check_header(&bytes, segment, &tail.head)?;
    tail.segment = segment;
    walk(&bytes, newest, anchor, tail, visitor)
}

/// Goes through the frames behind a segment's header.
fn walk(
    bytes: &[u8],
    newest: bool,
    anchor: Option<Head>,
    tail: &mut Tail,
    visitor: &mut Visitor<'_>,
) -> Result<(), StoreError> {
    let mut at = Position { segment: tail.segment, offset: 0, line: 0 };
    let mut offset = HEADER_BYTES;
    while offset < bytes.len() {
        at = Position { offset: offset as u64, line: 0, ..at };
        let Some(payload) = frame::decode(bytes, offset) else {
            if newest && frame::is_torn_tail(&bytes[offset..]) {
                tail.torn = (bytes.len() - offset) as u64;
                break;
            }
            return Err(at.damaged(Damage::Frame));
        };
        for (line, text) in (0..).zip(frame::lines(payload)) {
            at.line = line;
            let entry = read_entry(text, at)?;
            check_chain(&entry, &tail.head).map_err(|damage| at.damaged(damage))?;
            tail.head = Head { seq: entry.seq, hash: frame::hash(text) };
            if anchor.is_some_and(|a| a.seq == entry.seq && a != tail.head) {
                return Err(at.damaged(Damage::Chain));
            }
            visitor(at, &entry).map_err(|contradiction| at.damaged(contradiction.into()))?;
            tail.last = Some(at);
        }
        offset += frame::FRAME_HEAD_BYTES + payload.len();
    }
    tail.length = offset as u64;
    Ok(())
}

/// The records of one segment's bytes, such as an archived one: header, frames and chain are
/// checked as at the start of the kiosk, the sums of the whole journal are not.
pub fn read_segment(bytes: &[u8]) -> Result<Vec<Entry>, StoreError> {
    let before =
        |header: &Header| Head { seq: header.first_seq.saturating_sub(1), hash: header.anchor };
    let head = Header::decode(bytes).as_ref().map_or(Head { seq: 0, hash: GENESIS }, before);
    let segment = head.seq.saturating_add(1);
    let version = check_header(bytes, segment, &head)?;
    let mut tail = Tail { segment, version, length: 0, torn: 0, head, last: None, segments: 1 };
    let mut entries = Vec::new();
    walk(bytes, true, None, &mut tail, &mut |_, entry| {
        entries.push(entry.clone());
        Ok(())
    })?;
    Ok(entries)
}

/// The version of a segment whose header follows from what is before it.
fn check_header(bytes: &[u8], segment: u64, before: &Head) -> Result<u32, StoreError> {
    let at = Position { segment, offset: 0, line: 0 };
    let header = Header::decode(bytes).ok_or_else(|| at.damaged(Damage::Header))?;
    if header.version > frame::VERSION {
        return Err(StoreError::Newer {
            segment: name(segment),
            offset: 0,
            found: header.version,
            known: frame::VERSION,
        });
    }
    let expected = before.seq.saturating_add(1);
    if header.first_seq != expected || segment != expected {
        return Err(at.damaged(Damage::Sequence { expected, found: header.first_seq }));
    }
    if header.anchor != before.hash {
        return Err(at.damaged(Damage::Chain));
    }
    Ok(header.version)
}

fn check_chain(entry: &Entry, before: &Head) -> Result<(), Damage> {
    let expected = before.seq.saturating_add(1);
    if entry.seq != expected {
        return Err(Damage::Sequence { expected, found: entry.seq });
    }
    if frame::digest_of(&entry.prev) != before.hash {
        return Err(Damage::Chain);
    }
    Ok(())
}

fn read_entry(line: &[u8], at: Position) -> Result<Entry, StoreError> {
    record::read(line).map_err(|unreadable| match unreadable {
        Unreadable::Newer(found) => StoreError::Newer {
            segment: name(at.segment),
            offset: at.offset,
            found,
            known: record::VERSION,
        },
        Unreadable::NoRecord(error) => at.damaged(Damage::Payload(error.to_string())),
    })
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
    let line = frame::decode(&bytes, 0)
        .and_then(|payload| frame::lines(payload).nth(at.line as usize))
        .ok_or_else(|| at.damaged(Damage::Frame))?;
    read_entry(line, at)
}
