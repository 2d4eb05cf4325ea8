//! What each step sends: a pure function of seed and step.

use ::registry::Facts;
use formats_wire::UploadMeta;
use sha2::{Digest as _, Sha256};

use crate::Failure;
use crate::dice::Dice;
use crate::time_of;

/// Devices that take turns.
const DEVICES: u64 = 3;
/// Sequences of copies that are refused, out of the way of the others.
const REFUSED_FROM: u64 = 1_000_000_000;

/// Uses of the dice within one step.
const TROUBLE: u64 = 21;
const CODE: u64 = 22;
const LENGTH: u64 = 23;
const CONTENT: u64 = 24;
const PIECES: u64 = 25;

/// What a step does before its own copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    None,
    /// Sends a copy that is none.
    Refused,
    /// Sends the copy of an earlier step once more.
    Again(u64),
    /// Claims the sequence of an earlier step for other bytes.
    Claim(u64),
}

pub(super) fn trouble(seed: u64, step: u64) -> Trouble {
    let mut dice = Dice::of(seed, step, TROUBLE);
    let earlier = 1 + dice.below(step.saturating_sub(1));
    match dice.below(10) {
        0 | 1 => Trouble::Refused,
        2 if step > 1 => Trouble::Again(earlier),
        3 if step > 1 => Trouble::Claim(earlier),
        _ => Trouble::None,
    }
}

/// An upload: what is announced, and the bytes.
#[derive(Debug, Clone)]
pub(super) struct Upload {
    pub(super) meta: UploadMeta,
    pub(super) bytes: Vec<u8>,
}

impl Upload {
    fn new(device: String, sequence: u64, bytes: Vec<u8>) -> Self {
        let sha256 = Sha256::digest(&bytes).into();
        Self { meta: UploadMeta { device, sequence, sha256 }, bytes }
    }

    /// The id that the registry derives from the announcement.
    pub(super) fn id(&self) -> String {
        let mut id = hex::encode(Sha256::digest(self.meta.encode()));
        id.truncate(32);
        id
    }
}

/// What the registry must know of a step's copy.
pub(super) fn facts(seed: u64, step: u64) -> Facts {
    let sequence = 1 + (step - 1) / DEVICES;
    Facts {
        specimen: false,
        product: Default::default(),
        code: Dice::of(seed, step, CODE).code(),
        number: sequence as u32,
        book: "01/2026-SCT/BS".to_owned(),
        issued_at: time_of(step),
        authority: "UBND phường Thử Nghiệm".to_owned(),
        officer: "Cán bộ Một".to_owned(),
        capacity: "PHÓ CHỦ TỊCH".to_owned(),
        kind: "diploma".to_owned(),
        title: "Bằng tốt nghiệp".to_owned(),
        device: format!("CRASH-{}", 1 + (step - 1) % DEVICES),
        sequence,
        pages: 1,
    }
}

/// The copy of a step: mostly small, some longer than the registry takes in one piece.
pub(super) fn copy(seed: u64, step: u64) -> Result<Upload, Failure> {
    let facts = facts(seed, step);
    let mut dice = Dice::of(seed, step, LENGTH);
    let longest = if dice.one_in(8) { 400_000 } else { 8_000 };
    let length = 200 + dice.below(longest) as usize;
    let mut bytes = serde_json::to_vec(&facts)?;
    bytes.push(b'\n');
    bytes.extend(Dice::of(seed, step, CONTENT).bytes(length));
    Ok(Upload::new(facts.device, facts.sequence, bytes))
}

/// What a step sends that is no copy.
pub(super) fn refused(seed: u64, step: u64) -> Upload {
    let text = format!("no copy: step {step} of seed {seed}\n");
    Upload::new(facts(seed, step).device, REFUSED_FROM + step, text.into_bytes())
}

/// Other bytes under the sequence of an earlier step.
pub(super) fn claim(seed: u64, earlier: u64) -> Upload {
    let facts = facts(seed, earlier);
    Upload::new(facts.device, facts.sequence, b"other bytes\n".to_vec())
}

/// Lengths of the pieces that a step's copy is sent in.
pub(super) fn piece(seed: u64, step: u64, length: usize) -> usize {
    let pieces = 1 + Dice::of(seed, step, PIECES).below(4) as usize;
    length.div_ceil(pieces).max(1)
}
