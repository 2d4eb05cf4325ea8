//! Reads a chip from beginning to end: opens it, takes its files, proves them and the chip.
//!
//! The order is that of Doc 9303-11, 4.2, with two things that Vietnamese chips ask for: the master
//! file is never selected, and what the chip refuses or lacks is noted and left.

use std::collections::BTreeMap;

use formats_vn::mrz::{Mrz, MrzError};
use time::{Date, OffsetDateTime};
use zeroize::Zeroizing;

use crate::access::AccessKey;
use crate::active;
use crate::apdu::{ApduError, Command, Response, Status};
use crate::bac::{Bac, get_challenge};
use crate::chip_auth;
use crate::lds::dg2::Portrait;
use crate::lds::dg13::Dg13;
use crate::lds::security::SecurityInfo;
use crate::lds::{APPLICATION, FILE_BYTES_MAX, File, LdsError, com, dg1, dg2, security};
use crate::pace::{Offer, Pace, PaceError, offered};
use crate::passive::check;
use crate::secure::{SecureError, Session};
use crate::sod::Sod;
use crate::tlv::{self, whole_length};
use crate::trust::TrustStore;
use crate::verdict::{ChipProof, Evidence};
use crate::{NoRandom, Random};

/// Passwords tried on one chip; after a few wrong ones chips answer ever more slowly.
const KEYS_MAX: usize = 4;
/// Bytes asked for at once: with status, MAC and padding they fill a short answer.
const CHUNK_BYTES: usize = 223;
/// The same from [`FAR`] on, where the data comes back wrapped once more.
const FAR_CHUNK_BYTES: usize = 192;
/// Tag and length around the data of such an answer.
const WRAPPING_BYTES: usize = 3;
/// From here on an offset does not fit into the parameters of a command.
const FAR: usize = 0x8000;
/// Bytes that tell how long a file is.
const HEAD_BYTES: usize = 8;

/// What carries commands to a chip.
pub trait Transmit {
    /// Why it could not.
    type Error: std::error::Error + 'static;

    /// Sends a command and returns the answer with its status.
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, Self::Error>;
}

/// What is read beside the zone and what proves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The portrait, DG2: the largest file.
    pub portrait: bool,
    /// The holder's data with marks, DG13 of Vietnamese cards.
    pub details: bool,
}

/// Why a chip could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError<E: std::error::Error + 'static> {
    /// The reader or the card is gone, or does not answer.
    #[error("talk to the chip")]
    Card(#[source] E),
    /// The chip's answer is none.
    #[error("understand the chip's answer")]
    Answer(#[source] ApduError),
    /// The chip has no travel document in it.
    #[error("no travel document on the chip, status {0}")]
    NoApplication(Status),
    /// The chip took none of the passwords.
    #[error("the chip took none of {tried} passwords")]
    KeyRefused {
        /// How many were tried.
        tried: usize,
    },
    /// The protected conversation broke off.
    #[error("the protected conversation broke off")]
    Secure(#[from] SecureError),
    /// A file without which nothing can be said was refused.
    #[error("the chip refuses {file}, status {status}")]
    Refused {
        /// The file.
        file: File,
        /// What the chip answered.
        status: Status,
    },
    /// A file cannot be understood.
    #[error("understand {file}")]
    File {
        /// The file.
        file: File,
        /// Why.
        #[source]
        source: LdsError,
    },
    /// The system gave no random numbers.
    #[error("draw random numbers")]
    Random(#[from] NoRandom),
}

/// How a chip was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Opened {
    /// By PACE with the machine-readable zone.
    PaceMrz,
    /// By PACE with the card access number.
    PaceCan,
    /// By Basic Access Control.
    Bac,
}

/// What was read from a chip. Personal data: wiped when dropped, not shown by `Debug`.
pub struct Chip {
    /// How it was opened.
    pub opened: Opened,
    /// The data groups that the chip says it has.
    pub listed: Vec<u8>,
    /// Files that it refused, with its answer.
    pub refused: Vec<(File, Status)>,
    /// What was proven.
    pub evidence: Evidence,
    groups: BTreeMap<u8, Zeroizing<Vec<u8>>>,
}

impl std::fmt::Debug for Chip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Chip({:?}, {:?}, …)", self.opened, self.evidence)
    }
}

impl Chip {
    /// The data groups that were read.
    pub fn groups(&self) -> impl Iterator<Item = u8> + '_ {
        self.groups.keys().copied()
    }

    /// The machine-readable zone of DG1, as a Vietnamese card's.
    pub fn zone(&self, today: Date) -> Result<Mrz, MrzError> {
        let zone = self.groups.get(&1).and_then(|file| dg1::zone(file).ok());
        dg1::card(zone.ok_or(MrzError::NotFound)?, today)
    }

    /// The holder's data of DG13; none where it was not read.
    pub fn details(&self) -> Option<Result<Dg13, LdsError>> {
        self.groups.get(&13).map(|file| Dg13::parse(file))
    }

    /// The portrait of DG2; none where it was not read.
    pub fn portrait(&self) -> Option<Result<Portrait, LdsError>> {
        self.groups.get(&2).map(|file| dg2::portrait(file))
    }
}

/// Opens a chip with the first of `keys` that it takes, reads its files and proves them. `now`
/// settles whether certificates hold.
pub fn read<T: Transmit>(
    card: &mut T,
    keys: &[AccessKey],
    wanted: Wanted,
    trust: &TrustStore,
    now: OffsetDateTime,
    random: Random<'_>,
) -> Result<Chip, ReadError<T::Error>> {
    let mut link = Link { card, session: None };
    let opened = link.open(keys, random)?;
    let listed = match link.file(File::Com)? {
        Ok(file) => com::groups(&file).unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    let sod = link.file(File::Sod)?;
    let sod = sod.map_err(|status| ReadError::Refused { file: File::Sod, status })?;
    let sod = Sod::parse(&sod);
    let signed: Vec<u8> =
        sod.as_ref().map_or_else(|_| listed.clone(), |sod| sod.groups().collect());
    let (mut groups, mut refused) = (BTreeMap::new(), Vec::new());
    let some = [(14, true), (15, true), (1, true), (13, wanted.details), (2, wanted.portrait)];
    for (number, _) in some.into_iter().filter(|(n, wanted)| *wanted && signed.contains(n)) {
        match link.file(File::Dg(number))? {
            Ok(file) => {
                groups.insert(number, file);
            }
            Err(status) => refused.push((File::Dg(number), status)),
        }
    }
    let proof = link.prove(&groups, &refused, random)?;
    let files: Vec<(u8, &[u8])> = groups.iter().map(|(n, file)| (*n, file.as_slice())).collect();
    let evidence = Evidence { passive: check(&sod, &files, trust, now), chip: proof };
    Ok(Chip { opened, listed, refused, evidence, groups })
}

/// The conversation with a chip.
struct Link<'a, T> {
    card: &'a mut T,
    session: Option<Session>,
}

/// A file, or why the chip does not give it.
type Given = Result<Zeroizing<Vec<u8>>, Status>;

impl<T: Transmit> Link<'_, T> {
    fn send(&mut self, command: &Command) -> Result<Response, ReadError<T::Error>> {
        let wrapped = self.session.as_mut().map(|session| session.protect(command)).transpose()?;
        let sent = Zeroizing::new(wrapped.as_ref().unwrap_or(command).encode());
        let answer = Zeroizing::new(self.card.transmit(&sent).map_err(ReadError::Card)?);
        let response = Response::parse(&answer).map_err(ReadError::Answer)?;
        match &mut self.session {
            Some(session) => Ok(session.open(&response)?),
            None => Ok(response),
        }
    }

    /// Opens the chip: by PACE where it offers a way known here, else by BAC.
    fn open(
        &mut self,
        keys: &[AccessKey],
        random: Random<'_>,
    ) -> Result<Opened, ReadError<T::Error>> {
        let keys = &keys[..keys.len().min(KEYS_MAX)];
        let offers = self.file(File::CardAccess)?.map(|file| offered(&file)).unwrap_or_default();
        if let Some(offer) = offers.first() {
            for key in keys {
                let Some(session) = self.pace(*offer, key, random)? else { continue };
                self.session = Some(session);
                let selected = self.select_application()?;
                return match (selected, key) {
                    (Status::DONE, AccessKey::Mrz(_)) => Ok(Opened::PaceMrz),
                    (Status::DONE, AccessKey::Can(_)) => Ok(Opened::PaceCan),
                    (status, _) => Err(ReadError::NoApplication(status)),
                };
            }
        }
        for key in keys.iter().filter(|key| matches!(key, AccessKey::Mrz(_))) {
            // Again before each try: after a wrong one some chips have left the application.
            let selected = self.select_application()?;
            if selected != Status::DONE {
                return Err(ReadError::NoApplication(selected));
            }
            if let Some(session) = self.bac(key, random)? {
                self.session = Some(session);
                return Ok(Opened::Bac);
            }
        }
        Err(ReadError::KeyRefused { tried: keys.len() })
    }

    fn select_application(&mut self) -> Result<Status, ReadError<T::Error>> {
        Ok(self.send(&Command::new(0xa4, 4, 0x0c).with(APPLICATION))?.status)
    }

    /// A session by PACE; none where the chip does not take the password.
    fn pace(
        &mut self,
        offer: Offer,
        key: &AccessKey,
        random: Random<'_>,
    ) -> Result<Option<Session>, ReadError<T::Error>> {
        let pace = Pace::new(offer, key);
        let mut done = |command: &Command| {
            self.send(command).map(|response| response.is_done().then_some(response.data))
        };
        if done(&pace.set())?.is_none() {
            return Ok(None);
        }
        let Some(answer) = done(&Pace::get_nonce())? else { return Ok(None) };
        let Some(mapping) = usable(pace.map(&answer, random))? else { return Ok(None) };
        let Some(answer) = done(&mapping.command())? else { return Ok(None) };
        let Some(agreement) = usable(mapping.agree(&answer, random))? else { return Ok(None) };
        let Some(answer) = done(&agreement.command())? else { return Ok(None) };
        let Some((unproven, command)) = usable(agreement.prove(&answer))? else { return Ok(None) };
        let Some(answer) = done(&command)? else { return Ok(None) };
        usable(unproven.finish(&answer))
    }

    /// A session by BAC; none where the chip does not take the zone.
    fn bac(
        &mut self,
        key: &AccessKey,
        random: Random<'_>,
    ) -> Result<Option<Session>, ReadError<T::Error>> {
        let challenge = self.send(&get_challenge())?;
        if !challenge.is_done() {
            return Ok(None);
        }
        let Some(Ok(bac)) = Bac::new(key, &challenge.data, random) else { return Ok(None) };
        let Ok(command) = bac.authenticate() else { return Ok(None) };
        let answer = self.send(&command)?;
        Ok(if answer.is_done() { bac.finish(&answer.data).ok() } else { None })
    }

    /// Selects and reads a file.
    fn file(&mut self, file: File) -> Result<Given, ReadError<T::Error>> {
        let selected = self.send(&Command::new(0xa4, 2, 0x0c).with(file.id()))?;
        if !selected.is_done() {
            return Ok(Err(selected.status));
        }
        let malformed = |source| ReadError::File { file, source };
        let mut content = match self.binary(0, HEAD_BYTES)? {
            Ok(head) => head,
            Err(status) => return Ok(Err(status)),
        };
        let length = whole_length(&content).map_err(|e| malformed(LdsError::Tlv(e)))?;
        if file.tag().is_none_or(|tag| u32::from(content[0]) != tag) {
            return Err(malformed(LdsError::Unknown("first tag")));
        }
        if length > FILE_BYTES_MAX {
            return Err(malformed(LdsError::TooMany("bytes")));
        }
        while content.len() < length {
            let wanted = (length - content.len()).min(CHUNK_BYTES);
            match self.binary(content.len(), wanted)? {
                Ok(more) if more.is_empty() => return Err(malformed(LdsError::Missing("end"))),
                Ok(more) => content.extend_from_slice(&more),
                Err(status) => return Ok(Err(status)),
            }
        }
        content.truncate(length);
        Ok(Ok(content))
    }

    /// Up to `count` bytes of the selected file.
    fn binary(&mut self, at: usize, count: usize) -> Result<Given, ReadError<T::Error>> {
        if at >= FAR {
            return self.far_binary(at, count.min(FAR_CHUNK_BYTES));
        }
        let [high, low] = (at as u16).to_be_bytes();
        let mut response = self.send(&Command::new(0xb0, high, low).expecting(count))?;
        let given = response.is_done() || response.status == Status::END_OF_FILE;
        response.data.truncate(count);
        let data = Zeroizing::new(response.data);
        Ok(if given { Ok(data) } else { Err(response.status) })
    }

    /// As [`Link::binary`], by the odd instruction (ISO 7816-4), whose offset is in its data.
    fn far_binary(&mut self, at: usize, count: usize) -> Result<Given, ReadError<T::Error>> {
        let offset = tlv::write(0x54, &u32::try_from(at).unwrap_or(u32::MAX).to_be_bytes()[1..]);
        let command = Command::new(0xb1, 0, 0).with(offset).expecting(count + WRAPPING_BYTES);
        let response = self.send(&command)?;
        if !response.is_done() && response.status != Status::END_OF_FILE {
            return Ok(Err(response.status));
        }
        let wrapped = Zeroizing::new(response.data);
        let data = tlv::expect(&wrapped, 0x53).unwrap_or_default();
        Ok(Ok(Zeroizing::new(data[..data.len().min(count)].to_vec())))
    }

    /// Lets the chip prove that it is no copy, as far as its issuer gave it keys. Chip
    /// Authentication comes last: it replaces the session.
    fn prove(
        &mut self,
        groups: &BTreeMap<u8, Zeroizing<Vec<u8>>>,
        refused: &[(File, Status)],
        random: Random<'_>,
    ) -> Result<ChipProof, ReadError<T::Error>> {
        let infos = groups.get(&14).and_then(|file| security::dg14(file).ok()).unwrap_or_default();
        let mut offered = false;
        if let Some(key) = groups.get(&15).and_then(|file| security::dg15(file).ok()) {
            offered = true;
            if self.active(key, &infos, random)? {
                return Ok(ChipProof::Active);
            }
        }
        if let Some(key) = chip_auth::offered(&infos) {
            let proof = self.agree(&key, random)?;
            return Ok(if proof { ChipProof::Chip } else { ChipProof::Failed });
        }
        let withheld = refused.iter().any(|(file, _)| matches!(file, File::Dg(14 | 15)));
        Ok(match (offered, withheld) {
            (true, _) => ChipProof::Failed,
            (false, true) => ChipProof::Withheld,
            (false, false) if chip_auth::is_named(&infos) => ChipProof::Unsupported,
            (false, false) => ChipProof::NotOffered,
        })
    }

    fn active(
        &mut self,
        key: &[u8],
        infos: &[SecurityInfo],
        random: Random<'_>,
    ) -> Result<bool, ReadError<T::Error>> {
        let mut challenge = [0; active::CHALLENGE_BYTES];
        random(&mut challenge)?;
        let answer = self.send(&active::command(challenge, key))?;
        Ok(answer.is_done() && active::is_signed(key, infos, challenge, &answer.data))
    }

    fn agree(
        &mut self,
        key: &chip_auth::StaticKey,
        random: Random<'_>,
    ) -> Result<bool, ReadError<T::Error>> {
        let Ok(own) = key.draw(random) else { return Err(NoRandom.into()) };
        for command in key.commands(&own) {
            if !self.send(&command)?.is_done() {
                return Ok(false);
            }
        }
        let Ok(session) = key.session(&own) else { return Ok(false) };
        self.session = Some(session);
        // Only who has the private key can answer this under the new session's keys.
        match self.send(&Command::new(0xa4, 2, 0x0c).with(File::Com.id())) {
            Ok(_) => Ok(true),
            Err(ReadError::Secure(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// A step of PACE that failed is a password refused, or a chip that does not keep to the protocol;
/// without random numbers nothing goes on.
fn usable<V, E: std::error::Error + 'static>(
    step: Result<V, PaceError>,
) -> Result<Option<V>, ReadError<E>> {
    match step {
        Ok(value) => Ok(Some(value)),
        Err(PaceError::Curve(crate::curve::CurveError::Random(error))) => Err(error.into()),
        Err(_) => Ok(None),
    }
}
