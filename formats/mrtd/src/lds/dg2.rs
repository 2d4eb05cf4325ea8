//! DG2: the portrait, a facial record after ISO/IEC 19794-5 in a biometric template.
//!
//! The image itself stays closed: what decodes it has limits of its own.

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::LdsError;
use crate::tlv;

/// Bytes of the record's head and of the facial information before the feature points.
const RECORD_HEAD_BYTES: usize = 14;
const FACE_HEAD_BYTES: usize = 20;
const FEATURE_POINT_BYTES: usize = 8;
const IMAGE_HEAD_BYTES: usize = 12;

/// How the image is compressed, by its own first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImageKind {
    /// JPEG.
    Jpeg,
    /// JPEG 2000: a file with boxes, or a bare codestream.
    Jpeg2000,
}

/// The portrait. Personal data: wiped when dropped, not shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Portrait {
    /// How it is compressed.
    #[zeroize(skip)]
    pub kind: ImageKind,
    /// Width as the record states it, in pixels; 0 for not stated.
    pub width: u16,
    /// Height as the record states it, in pixels; 0 for not stated.
    pub height: u16,
    /// The compressed image.
    pub image: Vec<u8>,
}

impl std::fmt::Debug for Portrait {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Portrait({:?}, …)", self.kind)
    }
}

/// The first portrait of the file.
pub fn portrait(file: &[u8]) -> Result<Portrait, LdsError> {
    let group = tlv::expect(tlv::expect(file, 0x75)?, 0x7f61)?;
    let template = tlv::find(group, 0x7f60).ok_or(LdsError::Missing("biometric template"))?;
    // 7F2E holds a record of the newer ISO/IEC 39794-5 or, in some chips, the same as 5F2E.
    let record = tlv::find(template, 0x5f2e).or_else(|| tlv::find(template, 0x7f2e));
    face(record.ok_or(LdsError::Missing("facial record"))?)
}

fn face(record: &[u8]) -> Result<Portrait, LdsError> {
    const SHORT: LdsError = LdsError::Missing("end of the facial record");
    if record.get(..8) != Some(b"FAC\x00010\x00") {
        return Err(LdsError::Unknown("facial record"));
    }
    let u16_at = |at: usize| {
        let bytes = record.get(at..at + 2).and_then(<[u8]>::first_chunk::<2>);
        bytes.map(|bytes| u16::from_be_bytes(*bytes)).ok_or(SHORT)
    };
    let points = usize::from(u16_at(RECORD_HEAD_BYTES + 4)?) * FEATURE_POINT_BYTES;
    let head = RECORD_HEAD_BYTES + FACE_HEAD_BYTES + points;
    let (width, height) = (u16_at(head + 2)?, u16_at(head + 4)?);
    let length = record.get(RECORD_HEAD_BYTES..).and_then(<[u8]>::first_chunk::<4>).ok_or(SHORT)?;
    let end = RECORD_HEAD_BYTES + u32::from_be_bytes(*length) as usize;
    let image = record.get(head + IMAGE_HEAD_BYTES..end.min(record.len())).ok_or(SHORT)?;
    let kind = kind(image).ok_or(LdsError::Unknown("image"))?;
    Ok(Portrait { kind, width, height, image: image.to_vec() })
}

/// The record has a field for it too, but some issuers fill it wrongly.
fn kind(image: &[u8]) -> Option<ImageKind> {
    const BOXES: &[u8] = &[0, 0, 0, 0x0c, b'j', b'P', b' ', b' '];
    const CODESTREAM: &[u8] = &[0xff, 0x4f, 0xff, 0x51];
    match image {
        [0xff, 0xd8, 0xff, ..] => Some(ImageKind::Jpeg),
        image if image.starts_with(BOXES) || image.starts_with(CODESTREAM) => {
            Some(ImageKind::Jpeg2000)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with one face and two feature points.
    fn file(image: &[u8]) -> Vec<u8> {
        let length = (FACE_HEAD_BYTES + 16 + IMAGE_HEAD_BYTES + image.len()) as u32;
        let mut record = b"FAC\x00010\x00".to_vec();
        record.extend((length + 14).to_be_bytes());
        record.extend([0, 1]);
        record.extend(length.to_be_bytes());
        record.extend([0, 2]);
        record.extend([0; 14 + 16]);
        record.extend([1, 1, 1, 0x2c, 1, 0x90, 0, 0, 0, 0, 0, 0]);
        record.extend(image);
        let template =
            tlv::write(0x7f60, &[tlv::write(0xa1, &[]), tlv::write(0x5f2e, &record)].concat());
        tlv::write(0x75, &tlv::write(0x7f61, &[vec![2, 1, 1], template].concat()))
    }

    #[test]
    fn jpeg_and_jpeg_2000_are_told_apart_by_their_own_bytes() {
        let cases: [(&[u8], ImageKind); 3] = [
            (&[0xff, 0xd8, 0xff, 0xe0, 9], ImageKind::Jpeg),
            (&[0, 0, 0, 0x0c, b'j', b'P', b' ', b' ', 9], ImageKind::Jpeg2000),
            (&[0xff, 0x4f, 0xff, 0x51, 9], ImageKind::Jpeg2000),
        ];
        for (image, kind) in cases {
            let found = portrait(&file(image)).expect("a portrait");
            assert_eq!((found.kind, found.width, found.height), (kind, 300, 400));
            assert_eq!(found.image, image);
        }
    }

    #[test]
    fn an_empty_image_and_a_record_of_another_kind_are_refused() {
        assert_eq!(portrait(&file(&[])).err(), Some(LdsError::Unknown("image")));
        let mut other = file(&[0xff, 0xd8, 0xff]);
        let at = other.windows(3).position(|three| three == b"FAC").expect("the record");
        other[at] = b'X';
        assert_eq!(portrait(&other).err(), Some(LdsError::Unknown("facial record")));
    }

    #[test]
    fn a_file_that_ends_anywhere_is_an_error_and_no_panic() {
        let whole = file(&[0xff, 0xd8, 0xff, 0xe0]);
        for end in 0..whole.len() {
            assert!(portrait(&whole[..end]).is_err());
        }
        // The feature points are said to reach beyond the end.
        let at = whole.windows(3).position(|three| three == b"FAC").expect("the record");
        let mut beyond = whole;
        beyond[at + 18..at + 20].fill(0xff);
        assert!(portrait(&beyond).is_err());
    }
}
