//! How both machines keep files: a small set of disk operations, so that a test can fail any of
//! them or cut the power between two.
//!
//! Nothing is durable before its `sync`; a name is durable after its folder's. [`RealDisk`] is the
//! file system below one folder, [`MemoryDisk`] (feature `memory`) one that fails on purpose. This
//! crate knows nothing of what the files hold. Start reading at [`Disk`].

#[cfg(feature = "memory")]
mod memory;
mod real;

use std::io;

#[cfg(feature = "memory")]
pub use memory::{MemoryDisk, Random};
pub use real::RealDisk;

/// A folder of files. Paths are relative to it and use `/`.
pub trait Disk: Send + Sync {
    /// Makes a folder, and those it lies in, if they are missing. Durable after
    /// [`Disk::sync_folder`] of its parent.
    fn make_folder(&self, path: &str) -> io::Result<()>;
    /// Names of the files in a folder, in no order; sub-folders are not listed.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;
    /// Names of the folders in a folder, in no order.
    fn folders(&self, folder: &str) -> io::Result<Vec<String>>;
    /// A whole file. Fails with `InvalidData` if it is longer than `max` bytes.
    fn read(&self, path: &str, max: u64) -> io::Result<Vec<u8>>;
    /// `length` bytes from `offset`; `UnexpectedEof` if the file is shorter.
    fn read_at(&self, path: &str, offset: u64, length: usize) -> io::Result<Vec<u8>>;
    /// Length of a file in bytes.
    fn length(&self, path: &str) -> io::Result<u64>;
    /// Makes an empty file (or empties it) and opens it for writing.
    fn create(&self, path: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Opens an existing file for writing.
    fn open(&self, path: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Renames, replacing what has the new name. Durable after [`Disk::sync_folder`] of the folder,
    /// or of both.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Gives a file a second name; fails with `AlreadyExists` if that is taken. Durable after
    /// [`Disk::sync_folder`] of the second name's folder.
    fn link(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file's name. Durable after [`Disk::sync_folder`].
    fn remove(&self, path: &str) -> io::Result<()>;
    /// Makes the folder's entries durable.
    fn sync_folder(&self, folder: &str) -> io::Result<()>;
    /// Bytes that may still be written.
    fn free_bytes(&self) -> io::Result<u64>;
}

/// What is behind a path while `write_whole` is not at its end; a file so named that a crash
/// left may be removed.
pub const UNFINISHED: &str = ".new";

impl dyn Disk + '_ {
    /// Writes a file of an existing folder so that it is there whole, durably, or not at all; what
    /// had its name before stays until then. A failure may leave an [`UNFINISHED`] one.
    pub fn write_whole(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let fresh = format!("{path}{UNFINISHED}");
        let file = self.create(&fresh)?;
        file.write_at(0, bytes)?;
        file.sync()?;
        self.rename(&fresh, path)?;
        self.sync_folder(path.rsplit_once('/').map_or("", |(folder, _)| folder))
    }
}

/// A file open for writing.
pub trait DiskFile: Send + Sync {
    /// Writes all of `bytes` at `offset`; on an error any part may have been written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Makes contents and length durable (fdatasync).
    fn sync(&self) -> io::Result<()>;
    /// Cuts the file to `length` bytes.
    fn set_length(&self, length: u64) -> io::Result<()>;
}
