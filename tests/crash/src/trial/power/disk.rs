//! A disk in memory, served through FUSE as one file, that keeps a log of what it is told.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use fuser::{
    BackgroundSession, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, Generation,
    INodeNo, LockOwner, MountOption, OpenFlags, ReplyAttr, ReplyData, ReplyEmpty, ReplyEntry,
    ReplyWrite, Request, WriteFlags,
};

use crate::Failure;

const NAME: &str = "disk";
const INODE: u64 = 2;
const TTL: Duration = Duration::from_secs(3600);

/// What the disk was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Write {
    /// To hold these bytes.
    Bytes { offset: usize, bytes: Vec<u8> },
    /// To make durable all that it was told before.
    Flush,
}

#[derive(Debug)]
struct State {
    bytes: Vec<u8>,
    log: Vec<Write>,
}

/// The disk. Clones are the same disk.
#[derive(Debug, Clone)]
pub(super) struct LoggingDisk(Arc<Mutex<State>>);

/// A disk that is being served.
pub(super) struct Served {
    session: BackgroundSession,
    at: PathBuf,
}

impl LoggingDisk {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(State { bytes, log: Vec::new() })))
    }

    /// How long the log is.
    pub(super) fn written(&self) -> usize {
        self.state().log.len()
    }

    pub(super) fn log(&self) -> Vec<Write> {
        self.state().log.clone()
    }

    /// Serves the disk as the only file of a folder. One thread answers, so the log has the order
    /// in which requests came, and each is answered before the next is read.
    pub(super) fn serve(&self, at: &Path) -> Result<Served, Failure> {
        std::fs::create_dir_all(at)?;
        let mut config = Config::default();
        config.mount_options.push(MountOption::FSName("crash-disk".to_owned()));
        config.n_threads = Some(1);
        let session = fuser::spawn_mount(self.clone(), at, &config)?;
        Ok(Served { session, at: at.to_owned() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn attributes(&self, inode: u64) -> Option<FileAttr> {
        let size = self.state().bytes.len() as u64;
        let (kind, perm, size) = match inode {
            1 => (FileType::Directory, 0o700, 0),
            INODE => (FileType::RegularFile, 0o600, size),
            _ => return None,
        };
        let time = UNIX_EPOCH;
        Some(FileAttr {
            ino: INodeNo(inode),
            size,
            blocks: size / 512,
            atime: time,
            mtime: time,
            ctime: time,
            crtime: time,
            kind,
            perm,
            nlink: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            blksize: 4096,
            flags: 0,
        })
    }
}

impl Served {
    /// The file that is the disk.
    pub(super) fn file(&self) -> PathBuf {
        self.at.join(NAME)
    }

    /// Stops serving.
    pub(super) fn end(self) -> Result<(), Failure> {
        Ok(self.session.umount_and_join()?)
    }
}

impl Filesystem for LoggingDisk {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match self.attributes(INODE) {
            Some(found) if parent == INodeNo::ROOT && name == NAME => {
                reply.entry(&TTL, &found, Generation(0));
            }
            _ => reply.error(Errno::ENOENT),
        }
    }

    fn getattr(&self, _: &Request, inode: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.attributes(inode.0) {
            Some(found) => reply.attr(&TTL, &found),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn read(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let state = self.state();
        let start = (offset as usize).min(state.bytes.len());
        let end = (start + size as usize).min(state.bytes.len());
        reply.data(&state.bytes[start..end]);
    }

    fn write(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let mut state = self.state();
        let offset = offset as usize;
        let Some(place) = state.bytes.get_mut(offset..offset + data.len()) else {
            // A disk does not grow.
            return reply.error(Errno::ENOSPC);
        };
        place.copy_from_slice(data);
        state.log.push(Write::Bytes { offset, bytes: data.to_vec() });
        reply.written(data.len() as u32);
    }

    fn fsync(&self, _: &Request, _: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        self.state().log.push(Write::Flush);
        reply.ok();
    }
}
