//! One bit of one file is changed behind the store's back; then the product must say so, with the
//! place, or give the right answers all the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kiosk::clock::SystemClock;
use kiosk::store::{IndexFate, Store, verify_journal};

use super::{Kind, Programs, Tally};
use crate::Failure;
use crate::dice::Dice;
use crate::kiosk::Acknowledged;

/// Steps of the store that is damaged.
const STEPS: u64 = 300;

/// What three kinds of flips came to.
#[derive(Debug, Default)]
pub struct Flips {
    /// In the journal's segments: each must be reported with the offset of the frame it hit.
    pub journal: Tally,
    /// In the head anchor, which is evidence and no truth: nothing may be lost by it.
    pub head: Tally,
    /// In the index's files: every answer must stay right.
    pub index: Tally,
    /// Flips in the index after which it was built anew; the others hit bytes that nobody reads.
    pub index_rebuilt: u64,
    /// In sealed copies: the digest must tell which copy.
    pub copies: Tally,
}

/// Makes a store in `dir` and flips `flips` bits in each kind of file, one at a time.
///
/// # Errors
/// When the trial itself fails.
pub fn flips(programs: &Programs, dir: &Path, seed: u64, flips: u64) -> Result<Flips, Failure> {
    let store = dir.join("flips");
    let steps = STEPS.to_string();
    let run = programs.run(Kind::Kiosk, &store, seed, &["--steps", &steps], Box::new(|_| ()))?;
    let trial = Trial { programs, store, seed, acknowledged: run.wait()? };
    if !matches!(trial.check()?, Ok(STEPS)) {
        return Err("the store was not sound before any bit was flipped".into());
    }
    let (_, recovery) = Store::open(&trial.store, Arc::new(SystemClock))?;
    if recovery.index != IndexFate::Sound {
        return Err("the index was not sound before any bit was flipped".into());
    }
    let mut dice = Dice::of(seed, 0, 7);
    let mut found = Flips::default();
    for _ in 0..flips {
        trial.journal(&mut dice, &mut found.journal)?;
        trial.index(&mut dice, &mut found)?;
        trial.copy(&mut dice, &mut found.copies)?;
    }
    for _ in 0..flips.div_ceil(10) {
        trial.head(&mut dice, &mut found.head)?;
    }
    let copies = Kind::Kiosk.copies(seed, STEPS);
    for tally in [&mut found.journal, &mut found.head, &mut found.index, &mut found.copies] {
        tally.copies = copies;
    }
    fs::remove_dir_all(&trial.store)?;
    Ok(found)
}

struct Trial<'a> {
    programs: &'a Programs,
    store: PathBuf,
    seed: u64,
    acknowledged: Acknowledged,
}

impl Trial<'_> {
    fn check(&self) -> Result<Result<u64, String>, Failure> {
        self.programs.check(Kind::Kiosk, &self.store, self.seed, &self.acknowledged)
    }

    fn journal(&self, dice: &mut Dice, tally: &mut Tally) -> Result<(), Failure> {
        tally.cycles += 1;
        let flip = Flip::in_folder(&self.store.join("journal"), dice)?;
        let frame = flip.frame();
        let judged = self.check()?;
        let wanted = format!("offset {frame}:");
        match judged {
            Err(line) if line.starts_with("DAMAGED") && line.contains(&wanted) => {}
            Err(line) => tally.fail(&line, format!("{flip:?}, {wanted} expected: {line}")),
            Ok(_) => {
                tally.silent += 1;
                tally.failures.push(format!("{flip:?} went unnoticed"));
            }
        }
        flip.undo()
    }

    fn head(&self, dice: &mut Dice, tally: &mut Tally) -> Result<(), Failure> {
        tally.cycles += 1;
        let flip = Flip::in_file(self.store.join("head"), dice)?;
        if let Err(line) = self.check()? {
            tally.fail(&line, format!("{flip:?}: {line}"));
        }
        flip.undo()
    }

    fn index(&self, dice: &mut Dice, found: &mut Flips) -> Result<(), Failure> {
        let tally = &mut found.index;
        tally.cycles += 1;
        let flip = Flip::in_folder(&self.store.join("index"), dice)?;
        match self.check()? {
            Ok(_) => {}
            // Wrong answers are what silent damage of an index is.
            Err(line) => {
                tally.silent += u64::from(line.starts_with("WRONG"));
                tally.fail(&line, format!("{flip:?}: {line}"));
            }
        }
        let (_, recovery) = Store::open(&self.store, Arc::new(SystemClock))?;
        match recovery.index {
            // The rebuilt index is as good to flip bits in as the old one.
            IndexFate::Rebuilt => found.index_rebuilt += 1,
            IndexFate::Sound => flip.undo()?,
            IndexFate::Unavailable => {
                tally.fail("UNAVAILABLE", format!("{flip:?}: no index could be built"));
            }
        }
        Ok(())
    }

    fn copy(&self, dice: &mut Dice, tally: &mut Tally) -> Result<(), Failure> {
        tally.cycles += 1;
        let flip = Flip::in_folder(&self.store.join("copies"), dice)?;
        let name = flip.file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let audit = verify_journal(&self.store)?;
        match self.check()? {
            Err(line)
                if line.starts_with("DAMAGED")
                    && line.contains(&name)
                    && audit.damaged_copies == [name.clone()] => {}
            Err(line) => tally.fail(&line, format!("{flip:?}: {line}; {audit:?}")),
            Ok(_) => {
                tally.silent += 1;
                tally.failures.push(format!("{flip:?} went unnoticed"));
            }
        }
        flip.undo()
    }
}

/// A flipped bit, with the file as it was.
struct Flip {
    file: PathBuf,
    sound: Vec<u8>,
    bit: usize,
}

impl std::fmt::Debug for Flip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "bit {} of byte {} of {}", self.bit % 8, self.bit / 8, self.file.display())
    }
}

impl Flip {
    /// Flips a bit of all the bytes of a folder, each as likely as another.
    fn in_folder(folder: &Path, dice: &mut Dice) -> Result<Self, Failure> {
        let mut files = Vec::new();
        list(folder, &mut files)?;
        files.sort();
        let total: u64 = files.iter().map(|(_, length)| length).sum();
        let mut at = dice.below(total);
        for (file, length) in files {
            if at < length {
                return Self::at(file, at as usize * 8 + dice.below(8) as usize);
            }
            at -= length;
        }
        Err(format!("nothing to flip in {}", folder.display()).into())
    }

    fn in_file(file: PathBuf, dice: &mut Dice) -> Result<Self, Failure> {
        let bits = fs::metadata(&file)?.len() * 8;
        Self::at(file, dice.below(bits) as usize)
    }

    fn at(file: PathBuf, bit: usize) -> Result<Self, Failure> {
        let sound = fs::read(&file)?;
        let mut changed = sound.clone();
        *changed.get_mut(bit / 8).ok_or("the file has no such byte")? ^= 1 << (bit % 8);
        fs::write(&file, changed)?;
        Ok(Self { file, sound, bit })
    }

    fn undo(self) -> Result<(), Failure> {
        Ok(fs::write(self.file, self.sound)?)
    }

    /// Where the frame (or the header) starts that the flip hit, from the sound bytes.
    fn frame(&self) -> usize {
        const HEADER_BYTES: usize = 56;
        let (hit, mut start) = (self.bit / 8, 0);
        let mut end = HEADER_BYTES;
        while hit >= end {
            start = end;
            let length = self.sound.get(start..start + 4).and_then(|b| b.try_into().ok());
            end = start + 8 + length.map_or(usize::MAX / 2, |b| u32::from_le_bytes(b) as usize);
        }
        start
    }
}

fn list(folder: &Path, files: &mut Vec<(PathBuf, u64)>) -> Result<(), Failure> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            list(&entry.path(), files)?;
        } else {
            files.push((entry.path(), entry.metadata()?.len()));
        }
    }
    Ok(())
}
