//! The files of the Logical Data Structure (Doc 9303-10).
//!
//! Each parser takes a whole file as the chip gave it and limits what it takes before it keeps
//! anything. What a file says is believed only as far as passive authentication goes.

pub mod com;
pub mod dg1;
pub mod dg13;
pub mod dg2;
pub mod security;

use crate::tlv::TlvError;

/// Largest file that is read from a chip, in bytes; portraits have 15 to 40 kB.
pub const FILE_BYTES_MAX: usize = crate::tlv::VALUE_BYTES_MAX;

/// The application of Doc 9303-10.
pub const APPLICATION: [u8; 7] = [0xa0, 0, 0, 2, 0x47, 0x10, 1];

/// Why a file cannot be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LdsError {
    /// It is not built of tags, lengths and values as it should be.
    #[error("the file is malformed")]
    Tlv(#[from] TlvError),
    /// Something that must be there is not.
    #[error("the file has no {0}")]
    Missing(&'static str),
    /// Something is of a kind that is not known here.
    #[error("the file's {0} is of an unknown kind")]
    Unknown(&'static str),
    /// More than is ever needed.
    #[error("the file has too many {0}")]
    TooMany(&'static str),
}

/// An elementary file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum File {
    /// EF.CardAccess: the ways of PACE.
    CardAccess,
    /// EF.COM: which data groups there are.
    Com,
    /// EF.SOD: the issuer's signature.
    Sod,
    /// A data group, 1 to 16.
    Dg(u8),
}

impl File {
    /// The file's identifier.
    pub const fn id(self) -> [u8; 2] {
        match self {
            Self::CardAccess => [1, 0x1c],
            Self::Com => [1, 0x1e],
            Self::Sod => [1, 0x1d],
            Self::Dg(number) => [1, number],
        }
    }

    /// The tag that the file's content begins with.
    pub fn tag(self) -> Option<u32> {
        match self {
            Self::CardAccess => Some(0x31),
            Self::Com => Some(0x60),
            Self::Sod => Some(0x77),
            Self::Dg(number) => {
                let at = usize::from(number).checked_sub(1)?;
                DG_TAGS.get(at).map(|tag| u32::from(*tag))
            }
        }
    }

    /// The data group whose content begins with this tag.
    pub fn dg_of_tag(tag: u8) -> Option<Self> {
        let at = DG_TAGS.iter().position(|known| *known == tag)?;
        u8::try_from(at + 1).ok().map(Self::Dg)
    }
}

/// Tags of the data groups 1 to 16.
const DG_TAGS: [u8; 16] = [
    0x61, 0x75, 0x63, 0x76, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x70,
];

impl std::fmt::Display for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::CardAccess => f.write_str("EF.CardAccess"),
            Self::Com => f.write_str("EF.COM"),
            Self::Sod => f.write_str("EF.SOD"),
            Self::Dg(number) => write!(f, "DG{number}"),
        }
    }
}
