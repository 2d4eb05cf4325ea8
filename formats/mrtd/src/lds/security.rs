//! SecurityInfos: what EF.CardAccess and DG14 say the chip can do (Doc 9303-11, 9.2), and the
//! public key of DG15.

use der::asn1::ObjectIdentifier;

use super::LdsError;
use crate::tlv;

/// Most infos of a file.
const INFOS_MAX: usize = 64;

/// Any value with its tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// Tag.
    pub tag: u32,
    /// Value.
    pub value: Vec<u8>,
    /// Tag, length and value.
    pub whole: Vec<u8>,
}

impl From<tlv::Tlv<'_>> for Value {
    fn from(tlv: tlv::Tlv<'_>) -> Self {
        Self { tag: tlv.tag, value: tlv.value.to_vec(), whole: tlv.whole.to_vec() }
    }
}

/// One thing that the chip can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityInfo {
    /// Which protocol.
    pub protocol: ObjectIdentifier,
    /// What every info of this protocol has.
    pub required: Value,
    /// What it may have.
    pub optional: Option<Value>,
}

/// The infos of EF.CardAccess, or of DG14's content.
pub fn security_infos(set: &[u8]) -> Result<Vec<SecurityInfo>, LdsError> {
    let set = tlv::expect(set, 0x31)?;
    let mut infos = Vec::new();
    for object in tlv::all(set) {
        let object = object?;
        if infos.len() == INFOS_MAX {
            return Err(LdsError::TooMany("infos"));
        }
        let fields: Vec<tlv::Tlv<'_>> = tlv::all(object.value).take(4).collect::<Result<_, _>>()?;
        let [protocol, required, rest @ ..] = fields.as_slice() else {
            return Err(LdsError::Missing("required data"));
        };
        infos.push(SecurityInfo {
            protocol: ObjectIdentifier::from_bytes(protocol.value)
                .map_err(|_| LdsError::Unknown("protocol"))?,
            required: (*required).into(),
            optional: rest.first().map(|tlv| (*tlv).into()),
        });
    }
    Ok(infos)
}

/// The infos of DG14.
pub fn dg14(file: &[u8]) -> Result<Vec<SecurityInfo>, LdsError> {
    security_infos(tlv::expect(file, 0x6e)?)
}

/// The public key of Active Authentication in DG15, as SubjectPublicKeyInfo in DER.
pub fn dg15(file: &[u8]) -> Result<&[u8], LdsError> {
    Ok(tlv::first(tlv::expect(file, 0x6f)?)?.0.whole)
}
