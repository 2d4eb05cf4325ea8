//! Adding to the journal: one write and one fdatasync for each group of records.

use std::sync::Arc;

use formats_files::{Disk, DiskFile};

use super::super::error::{Damage, StoreError};
use super::super::frame::{self, GENESIS, HEADER_BYTES, Head, Header};
use super::{
    FOLDER, HEAD_FILE, NEW, Position, SEGMENT_BYTES_MAX, Tail, Visitor, path, read, scan, segments,
};

/// The journal, open for appending.
///
/// After a failed write or fsync nobody knows what the disk holds, so the handle is shut: the next
/// append first cuts the file back to its last acknowledged record through a fresh handle.
pub(in super::super) struct Journal {
    disk: Arc<dyn Disk>,
    file: Box<dyn DiskFile>,
    head_file: Box<dyn DiskFile>,
    segment: u64,
    version: u32,
    length: u64,
    head: Head,
    last: Option<Position>,
    shut: bool,
    segment_bytes_max: u64,
}

impl Journal {
    /// Scans, cuts a torn tail off and opens for appending. Also says how the scan ended; None
    /// if the journal is new.
    pub(in super::super) fn open(
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
                let version = frame::VERSION;
                Tail { segment: 1, version, length, torn: 0, head, last: None, segments: 1 }
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
            version: tail.version,
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
    pub(in super::super) const fn head(&self) -> Head {
        self.head
    }

    /// Makes records durable with one write and one fdatasync and says where the first of them is;
    /// the others are the lines behind it. `head` is the journal's head after the last of them.
    /// An error means that none is on record: whatever was written is cut off before anything else
    /// is appended.
    pub(in super::super) fn append(
        &mut self,
        lines: &[Vec<u8>],
        head: Head,
    ) -> Result<Position, StoreError> {
        self.reopen_if_shut()?;
        self.shut = true;
        if self.length >= self.segment_bytes_max || self.version < frame::VERSION {
            create_segment(&*self.disk, self.head)?;
            self.segment = self.head.seq + 1;
            self.length = HEADER_BYTES as u64;
            self.version = frame::VERSION;
            self.file = open_cut(&*self.disk, self.segment, self.length)?;
        }
        let bytes = frame::encode(lines);
        let file = path(self.segment);
        self.file
            .write_at(self.length, &bytes)
            .map_err(|e| StoreError::disk("append to", &file, e))?;
        self.file.sync().map_err(|e| StoreError::disk("sync", &file, e))?;
        self.shut = false;
        let first = Position { segment: self.segment, offset: self.length, line: 0 };
        self.length += bytes.len() as u64;
        self.head = head;
        self.last = Some(Position { line: lines.len().saturating_sub(1) as u32, ..first });
        self.write_head();
        Ok(first)
    }

    /// Brings the journal back to its last acknowledged record after a failure.
    pub(in super::super) fn reopen(&mut self) -> Result<(), StoreError> {
        let shut = |e| StoreError::Shut { source: Box::new(e) };
        self.shut = true;
        self.file = self.cut_back().map_err(shut)?;
        self.head_file = open_head(&*self.disk).map_err(shut)?;
        self.shut = false;
        Ok(())
    }

    /// [`Journal::reopen`] after a failure, else nothing.
    pub(in super::super) fn reopen_if_shut(&mut self) -> Result<(), StoreError> {
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
    pub(in super::super) const fn set_segment_bytes_max(&mut self, bytes: u64) {
        self.segment_bytes_max = bytes;
    }
}

/// Makes the folder and its entry durable.
pub(in super::super) fn make_folder(disk: &dyn Disk, folder: &str) -> Result<(), StoreError> {
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

/// Writes the last frame once more. If its fsync failed and the program was killed then, the
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
    written.map_err(|e| StoreError::disk("write the last frame of", &path, e))
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
