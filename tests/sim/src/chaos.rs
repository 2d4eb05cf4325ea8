//! What goes wrong, and how often: one seed decides everything.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use formats_files::Random;

/// A kind of trouble that the simulation makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// The scanner jams, is empty, slow, open or gone.
    Scanner,
    /// The code reader fails.
    Codes,
    /// The camera is missing or fails.
    Camera,
    /// A page cannot be read.
    Reader,
    /// The page reader's code crashes.
    ReaderCrash,
    /// A token is gone, locked or fails to sign.
    Token,
    /// The officer mistypes the PIN.
    WrongPin,
    /// Sealing fails.
    Seal,
    /// The sealing code crashes.
    SealCrash,
    /// The printer of copies jams, is empty, or breaks off behind a copy.
    Printer,
    /// The officer never comes.
    OfficerAway,
    /// The citizen walks away.
    CitizenLeaves,
    /// One disk operation of the kiosk fails.
    Disk,
    /// The kiosk's disk is full for a while.
    DiskFull,
    /// The kiosk loses power at some disk operation.
    PowerCut,
    /// The kiosk's program is killed.
    Kill,
    /// A bit of the kiosk's disk flips while it is off.
    Rot,
    /// The kiosk's clock jumps, forwards or back.
    ClockJump,
    /// There is no link for a while.
    LinkDown,
    /// A request never arrives.
    RequestLost,
    /// A request arrives, its answer does not.
    AnswerLost,
    /// A request breaks off in the middle of its body.
    RequestCut,
    /// A request arrives twice.
    RequestTwice,
    /// An old request arrives once more, much later.
    RequestLate,
    /// The registry refuses a sound copy, as when its trust file is out of date.
    CopyRefused,
    /// The registry loses power at some disk operation.
    RegistryPowerCut,
    /// One disk operation of the registry fails.
    RegistryDisk,
}

impl Trouble {
    /// All kinds.
    pub const ALL: [Self; 27] = [
        Self::Scanner,
        Self::Codes,
        Self::Camera,
        Self::Reader,
        Self::ReaderCrash,
        Self::Token,
        Self::WrongPin,
        Self::Seal,
        Self::SealCrash,
        Self::Printer,
        Self::OfficerAway,
        Self::CitizenLeaves,
        Self::Disk,
        Self::DiskFull,
        Self::PowerCut,
        Self::Kill,
        Self::Rot,
        Self::ClockJump,
        Self::LinkDown,
        Self::RequestLost,
        Self::AnswerLost,
        Self::RequestCut,
        Self::RequestTwice,
        Self::RequestLate,
        Self::CopyRefused,
        Self::RegistryPowerCut,
        Self::RegistryDisk,
    ];

    /// Once in how many occasions it strikes by itself, while trouble is on.
    const fn rarity(self) -> u64 {
        match self {
            Self::Kill | Self::PowerCut | Self::Disk | Self::ClockJump | Self::DiskFull => 400,
            Self::OfficerAway | Self::CitizenLeaves => 150,
            Self::Rot => 10,
            Self::RegistryPowerCut | Self::RegistryDisk => 80,
            Self::ReaderCrash | Self::SealCrash | Self::CopyRefused => 60,
            Self::Scanner
            | Self::Codes
            | Self::Camera
            | Self::Reader
            | Self::Token
            | Self::Printer
            | Self::WrongPin
            | Self::Seal
            | Self::LinkDown
            | Self::RequestLost
            | Self::AnswerLost
            | Self::RequestCut
            | Self::RequestTwice
            | Self::RequestLate => 25,
        }
    }
}

/// The one source of chance of a run. Clones share it.
#[derive(Debug, Clone)]
pub struct Chaos(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    random: Random,
    on: bool,
    /// Strikes at its next occasion.
    due: Option<Trouble>,
    struck: BTreeMap<Trouble, u64>,
    total: u64,
}

impl Chaos {
    /// Chance from a seed; trouble is on.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            random: Random(seed),
            on: true,
            due: None,
            struck: BTreeMap::new(),
            total: 0,
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A simulated crash panics, never while it holds this.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Turns trouble on or off.
    pub fn set_on(&self, on: bool) {
        let mut inner = self.inner();
        inner.on = on;
        inner.due = None;
    }

    /// Whether there is trouble at all.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.inner().on
    }

    /// Makes some trouble certain to strike at its next occasion.
    pub fn plan(&self) {
        let mut inner = self.inner();
        let kind = inner.random.below(Trouble::ALL.len() as u64) as usize;
        inner.due = Some(Trouble::ALL[kind]);
    }

    /// Whether the trouble strikes at this occasion.
    #[must_use]
    pub fn strikes(&self, trouble: Trouble) -> bool {
        let mut inner = self.inner();
        if !inner.on {
            return false;
        }
        let planned = inner.due == Some(trouble);
        if !planned && !inner.random.one_in(trouble.rarity()) {
            return false;
        }
        if planned {
            inner.due = None;
        }
        *inner.struck.entry(trouble).or_default() += 1;
        inner.total += 1;
        true
    }

    /// How often any trouble struck so far.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.inner().total
    }

    /// How often each kind struck.
    #[must_use]
    pub fn struck(&self) -> BTreeMap<Trouble, u64> {
        self.inner().struck.clone()
    }

    /// A number below `n`.
    #[must_use]
    pub fn below(&self, n: u64) -> u64 {
        self.inner().random.below(n)
    }

    /// True once in `n` times.
    #[must_use]
    pub fn one_in(&self, n: u64) -> bool {
        self.inner().random.one_in(n)
    }

    /// One of several.
    pub fn pick<T: Copy>(&self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// Fills bytes.
    pub fn fill(&self, bytes: &mut [u8]) {
        let mut inner = self.inner();
        for chunk in bytes.chunks_mut(8) {
            let drawn = inner.random.next().to_le_bytes();
            chunk.copy_from_slice(&drawn[..chunk.len()]);
        }
    }
}

impl kiosk::random::Random for Chaos {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), kiosk::random::RandomError> {
        Self::fill(self, bytes);
        Ok(())
    }
}
