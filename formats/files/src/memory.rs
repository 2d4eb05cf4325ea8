//! A disk in memory that fails when a seed says so and forgets unsynced data at a power cut.
//!
//! Faithful to what ext4 with ordered metadata may do: unsynced writes of a file survive a cut in
//! any combination and torn at 512 bytes; a folder's changes survive up to any point; a failed
//! fsync may drop the pages it could not write, so that a later fsync says nothing of them.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::{Disk, DiskFile};

const SECTOR: usize = 512;

/// SplitMix64: small, seeded, good enough to choose faults.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    /// The next number, any of them as likely.
    #[expect(clippy::should_implement_trait, reason = "a source of numbers, not an iterator")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`, which is not 0.
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// True once in `n` calls on average.
    pub fn one_in(&mut self, n: u64) -> bool {
        n > 0 && self.below(n) == 0
    }
}

#[derive(Debug, Clone)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    SetLength(usize),
}

#[derive(Debug, Clone)]
enum NameChange {
    Link(String, usize),
    Unlink(String),
    Rename(String, String),
}

#[derive(Debug, Default)]
struct Inode {
    durable: Vec<u8>,
    cached: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Debug)]
struct World {
    random: Random,
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    unsynced_names: BTreeMap<String, Vec<NameChange>>,
    /// One operation in so many fails; 0 for none.
    fail_one_in: u64,
    /// The power goes at this operation.
    cut_after: Option<u64>,
    /// This operation fails.
    fail_at: Option<u64>,
    without_power: bool,
    /// Files that do not keep what is written to them, by the end of their path.
    misread: Option<String>,
    full: bool,
    /// Bytes that all files together may have; none means no limit.
    capacity: Option<u64>,
    boots: u64,
    operations: u64,
    faults: u64,
}

/// A disk that forgets and fails by a seed; see the module. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct MemoryDisk(Arc<Mutex<World>>);

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::SetLength(length) => bytes.resize(*length, 0),
        Change::Write { offset, bytes: new } => {
            let end = offset + new.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[*offset..end].copy_from_slice(new);
        }
    }
}

fn apply_name(names: &mut BTreeMap<String, usize>, change: &NameChange) {
    match change {
        NameChange::Link(name, inode) => {
            names.insert(name.clone(), *inode);
        }
        NameChange::Unlink(name) => {
            names.remove(name);
        }
        NameChange::Rename(from, to) => {
            if let Some(inode) = names.remove(from) {
                names.insert(to.clone(), inode);
            }
        }
    }
}

fn folder(path: &str) -> String {
    path.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned())
}

fn missing() -> io::Error {
    io::Error::from(io::ErrorKind::NotFound)
}

impl MemoryDisk {
    /// An empty, sound disk; the seed decides what faults and power cuts do.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(World {
            random: Random(seed),
            inodes: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            unsynced_names: BTreeMap::new(),
            fail_one_in: 0,
            cut_after: None,
            fail_at: None,
            without_power: false,
            misread: None,
            full: false,
            capacity: None,
            boots: 0,
            operations: 0,
            faults: 0,
        })))
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().expect("no test panics while it holds the disk")
    }

    /// From now on one operation in `n` fails; 0 stops it.
    pub fn fail_one_in(&self, n: u64) {
        self.world().fail_one_in = n;
    }

    /// The power goes at the `n`th operation from now.
    pub fn cut_after(&self, n: u64) {
        let mut world = self.world();
        world.cut_after = Some(world.operations + n);
    }

    /// The `n`th operation from now fails.
    pub fn fail_after(&self, n: u64) {
        let mut world = self.world();
        world.fail_at = Some(world.operations + n);
    }

    /// No fault is to come any more.
    pub fn calm(&self) {
        let mut world = self.world();
        (world.fail_one_in, world.full) = (0, false);
        (world.fail_at, world.cut_after) = (None, None);
    }

    /// The program was killed, not the machine: what it wrote is still in the cache.
    pub fn restart_program(&self) {
        let mut world = self.world();
        world.without_power = false;
        world.cut_after = None;
        world.fail_at = None;
        world.boots += 1;
    }

    /// Every write of file data fails for want of space.
    pub fn set_full(&self, full: bool) {
        self.world().full = full;
    }

    /// How many bytes all files together may have.
    pub fn set_capacity(&self, bytes: u64) {
        self.world().capacity = Some(bytes);
    }

    /// Paths of all files, sorted.
    #[must_use]
    pub fn files(&self) -> Vec<String> {
        self.world().names.keys().cloned().collect()
    }

    /// Whether the power is out.
    #[must_use]
    pub fn is_without_power(&self) -> bool {
        self.world().without_power
    }

    /// Operations so far.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.world().operations
    }

    /// Operations that failed on purpose so far; those without power are not counted.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.world().faults
    }

    /// Cuts the power (if it is not gone yet) and starts again from what is durable.
    pub fn restart(&self) {
        self.world().restart();
    }

    /// From now on, files whose path ends so do not keep what is written to them: a bit is another
    /// when they are read, as on a medium that wears out.
    pub fn misread(&self, ending: &str) {
        self.world().misread = Some(ending.to_owned());
    }

    /// Changes a file behind the store's back.
    pub fn damage(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut world = self.world();
        let inode = *world.names.get(path).expect("the file to damage exists");
        let inode = &mut world.inodes[inode];
        change(&mut inode.cached);
        inode.durable = inode.cached.clone();
        inode.unsynced.clear();
    }
}

impl World {
    fn restart(&mut self) {
        for inode in &mut self.inodes {
            let changes = std::mem::take(&mut inode.unsynced);
            for change in &changes {
                match change {
                    _ if self.random.one_in(2) => {}
                    Change::Write { offset, bytes } if self.random.one_in(2) => {
                        let mut at = 0;
                        while at < bytes.len() {
                            let end = (at + SECTOR - (offset + at) % SECTOR).min(bytes.len());
                            if self.random.one_in(2) {
                                let bytes = bytes[at..end].to_vec();
                                let offset = offset + at;
                                apply(&mut inode.durable, &Change::Write { offset, bytes });
                            }
                            at = end;
                        }
                    }
                    change => apply(&mut inode.durable, change),
                }
            }
            inode.cached = inode.durable.clone();
        }
        for (_, changes) in std::mem::take(&mut self.unsynced_names) {
            let kept = self.random.below(changes.len() as u64 + 1) as usize;
            for change in &changes[..kept] {
                apply_name(&mut self.durable_names, change);
            }
        }
        self.names = self.durable_names.clone();
        self.without_power = false;
        self.cut_after = None;
        self.fail_at = None;
        self.boots += 1;
    }

    /// Counts an operation; an error if the power is out, or if this one is to fail.
    fn begin(&mut self) -> io::Result<()> {
        self.operations += 1;
        if self.cut_after.is_some_and(|n| self.operations >= n) {
            self.without_power = true;
        }
        if self.without_power {
            return Err(io::Error::other("the power is out"));
        }
        if self.fail_at == Some(self.operations) {
            self.faults += 1;
            return Err(io::Error::from(io::ErrorKind::Other));
        }
        if self.random.one_in(self.fail_one_in) {
            self.faults += 1;
            let full = self.random.one_in(2);
            let kind = if full { io::ErrorKind::StorageFull } else { io::ErrorKind::Other };
            return Err(io::Error::from(kind));
        }
        Ok(())
    }

    fn inode(&self, path: &str) -> io::Result<&Inode> {
        self.names.get(path).map(|inode| &self.inodes[*inode]).ok_or_else(missing)
    }

    fn has_no_room(&self, bytes: u64) -> bool {
        self.full || self.capacity.is_some_and(|capacity| self.used() + bytes > capacity)
    }

    fn used(&self) -> u64 {
        self.names.values().map(|inode| self.inodes[*inode].cached.len() as u64).sum()
    }

    fn rename(&mut self, path: &str, change: NameChange) {
        apply_name(&mut self.names, &change);
        self.unsynced_names.entry(folder(path)).or_default().push(change);
    }
}

impl Disk for MemoryDisk {
    fn make_folder(&self, _: &str) -> io::Result<()> {
        self.world().begin()
    }

    fn list(&self, wanted: &str) -> io::Result<Vec<String>> {
        let mut world = self.world();
        world.begin()?;
        let names = world.names.keys().filter(|name| folder(name) == wanted);
        Ok(names.filter_map(|name| Some(name.rsplit('/').next()?.to_owned())).collect())
    }

    /// Folders that hold files; empty ones are not kept.
    fn folders(&self, wanted: &str) -> io::Result<Vec<String>> {
        let mut world = self.world();
        world.begin()?;
        let below = if wanted.is_empty() { String::new() } else { format!("{wanted}/") };
        let inside = world.names.keys().filter_map(|name| name.strip_prefix(&below));
        let mut found: Vec<String> =
            inside.filter_map(|rest| Some(rest.split_once('/')?.0.to_owned())).collect();
        found.dedup();
        Ok(found)
    }

    fn read(&self, path: &str, max: u64) -> io::Result<Vec<u8>> {
        let mut world = self.world();
        world.begin()?;
        let mut bytes = world.inode(path)?.cached.clone();
        if bytes.len() as u64 > max {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        let misread = world.misread.as_ref().is_some_and(|ending| path.ends_with(ending.as_str()));
        if let Some(last) = bytes.last_mut().filter(|_| misread) {
            *last ^= 1;
        }
        Ok(bytes)
    }

    fn read_at(&self, path: &str, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut world = self.world();
        world.begin()?;
        let (start, bytes) = (offset as usize, &world.inode(path)?.cached);
        let part = bytes.get(start..start + length);
        part.map(<[u8]>::to_vec).ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))
    }

    fn length(&self, path: &str) -> io::Result<u64> {
        let mut world = self.world();
        world.begin()?;
        Ok(world.inode(path)?.cached.len() as u64)
    }

    fn create(&self, path: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut world = self.world();
        world.begin()?;
        let known = world.names.get(path).copied();
        let inode = match known {
            Some(inode) => {
                world.inodes[inode].cached.clear();
                world.inodes[inode].unsynced.push(Change::SetLength(0));
                inode
            }
            None => {
                world.inodes.push(Inode::default());
                let inode = world.inodes.len() - 1;
                world.rename(path, NameChange::Link(path.to_owned(), inode));
                inode
            }
        };
        Ok(Box::new(MemoryFile { disk: self.clone(), inode, boot: world.boots }))
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut world = self.world();
        world.begin()?;
        let inode = *world.names.get(path).ok_or_else(missing)?;
        Ok(Box::new(MemoryFile { disk: self.clone(), inode, boot: world.boots }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut world = self.world();
        world.begin()?;
        world.inode(from)?;
        world.rename(from, NameChange::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        let mut world = self.world();
        world.begin()?;
        if world.names.contains_key(to) {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        let inode = *world.names.get(from).ok_or_else(missing)?;
        world.rename(to, NameChange::Link(to.to_owned(), inode));
        Ok(())
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let world = self.world();
        if world.full {
            return Ok(0);
        }
        Ok(world.capacity.map_or(u64::MAX, |bytes| bytes.saturating_sub(world.used())))
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let mut world = self.world();
        world.begin()?;
        world.inode(path)?;
        world.rename(path, NameChange::Unlink(path.to_owned()));
        Ok(())
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        let mut world = self.world();
        world.begin()?;
        for change in world.unsynced_names.remove(folder).unwrap_or_default() {
            apply_name(&mut world.durable_names, &change);
        }
        Ok(())
    }
}

struct MemoryFile {
    disk: MemoryDisk,
    inode: usize,
    boot: u64,
}

impl MemoryFile {
    fn change(&self, world: &mut World, change: Change) {
        let inode = &mut world.inodes[self.inode];
        apply(&mut inode.cached, &change);
        inode.unsynced.push(change);
    }

    fn world(&self) -> io::Result<MutexGuard<'_, World>> {
        let world = self.disk.world();
        if world.boots != self.boot {
            return Err(io::Error::other("the machine was restarted"));
        }
        Ok(world)
    }
}

impl DiskFile for MemoryFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut world = self.world()?;
        let failed = match world.begin() {
            Ok(()) if world.has_no_room(bytes.len() as u64) => {
                Err(io::Error::from(io::ErrorKind::StorageFull))
            }
            other => other,
        };
        let written = match failed {
            Ok(()) => bytes.len(),
            Err(_) => world.random.below(bytes.len() as u64 + 1) as usize,
        };
        let change = Change::Write { offset: offset as usize, bytes: bytes[..written].to_vec() };
        self.change(&mut world, change);
        failed
    }

    fn sync(&self) -> io::Result<()> {
        let mut world = self.world()?;
        if let Err(error) = world.begin() {
            if !world.without_power && world.random.one_in(2) {
                world.inodes[self.inode].unsynced.clear();
            }
            return Err(error);
        }
        let inode = &mut world.inodes[self.inode];
        for change in std::mem::take(&mut inode.unsynced) {
            apply(&mut inode.durable, &change);
        }
        Ok(())
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let mut world = self.world()?;
        world.begin()?;
        self.change(&mut world, Change::SetLength(length as usize));
        Ok(())
    }
}
