//! Tag, length, value (ISO 7816-4, BER with definite lengths), as chips and their files use it.

/// Longest value: the largest file of a chip that is read.
pub const VALUE_BYTES_MAX: usize = 64 * 1024;

/// Why bytes are not tag, length and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TlvError {
    /// They end too early.
    #[error("the data ends too early")]
    Short,
    /// The tag has more than three bytes.
    #[error("a tag of more than three bytes")]
    Tag,
    /// The length is indefinite, or more than [`VALUE_BYTES_MAX`].
    #[error("a length that is indefinite or too great")]
    Length,
    /// Another tag was expected.
    #[error("tag {found:X} where {expected:X} was expected")]
    Unexpected {
        /// What should stand there.
        expected: u32,
        /// What does.
        found: u32,
    },
}

/// One tag with its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// The tag, its bytes as one number.
    pub tag: u32,
    /// The value.
    pub value: &'a [u8],
    /// Tag, length and value.
    pub whole: &'a [u8],
}

/// How many bytes tag, length and value have, from the first bytes of them.
pub fn whole_length(head: &[u8]) -> Result<usize, TlvError> {
    let (_, start, length) = header(head)?;
    Ok(start + length)
}

/// Tag, where the value starts, how long it is.
fn header(bytes: &[u8]) -> Result<(u32, usize, usize), TlvError> {
    let byte = |at: usize| bytes.get(at).copied().ok_or(TlvError::Short);
    let mut tag = u32::from(byte(0)?);
    let mut at = 1;
    if tag & 0x1f == 0x1f {
        loop {
            let next = byte(at)?;
            tag = tag << 8 | u32::from(next);
            at += 1;
            if next & 0x80 == 0 {
                break;
            }
            if at == 3 {
                return Err(TlvError::Tag);
            }
        }
    }
    let first = byte(at)?;
    at += 1;
    let mut length = usize::from(first);
    if first >= 0x80 {
        let count = usize::from(first & 0x7f);
        if !(1..=3).contains(&count) {
            return Err(TlvError::Length);
        }
        length = 0;
        for _ in 0..count {
            length = length << 8 | usize::from(byte(at)?);
            at += 1;
        }
    }
    if length > VALUE_BYTES_MAX {
        return Err(TlvError::Length);
    }
    Ok((tag, at, length))
}

/// The first of `bytes`, and what is behind it.
pub fn first(bytes: &[u8]) -> Result<(Tlv<'_>, &[u8]), TlvError> {
    let (tag, start, length) = header(bytes)?;
    let end = start + length;
    let value = bytes.get(start..end).ok_or(TlvError::Short)?;
    Ok((Tlv { tag, value, whole: &bytes[..end] }, &bytes[end..]))
}

/// The value of `bytes`' first, which must have this tag.
pub fn expect(bytes: &[u8], tag: u32) -> Result<&[u8], TlvError> {
    match first(bytes)?.0 {
        found if found.tag == tag => Ok(found.value),
        found => Err(TlvError::Unexpected { expected: tag, found: found.tag }),
    }
}

/// All of `bytes`, one after the other; ends behind the first that is broken.
pub fn all(bytes: &[u8]) -> impl Iterator<Item = Result<Tlv<'_>, TlvError>> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest.take().filter(|bytes| !bytes.is_empty())?;
        Some(first(bytes).map(|(tlv, behind)| {
            rest = Some(behind);
            tlv
        }))
    })
}

/// The value of the first with this tag.
pub fn find(bytes: &[u8], tag: u32) -> Option<&[u8]> {
    all(bytes).map_while(Result::ok).find(|tlv| tlv.tag == tag).map(|tlv| tlv.value)
}

/// Writes tag, length and value.
pub fn write(tag: u32, value: &[u8]) -> Vec<u8> {
    let significant = |number: u32| number.to_be_bytes().into_iter().skip_while(|byte| *byte == 0);
    let mut bytes: Vec<u8> = significant(tag).collect();
    let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
    if length < 0x80 {
        bytes.push(length as u8);
    } else {
        bytes.push(0x80 | significant(length).count() as u8);
        bytes.extend(significant(length));
    }
    bytes.extend(value);
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_is_read_beyond_what_is_there() {
        assert_eq!(first(&[0x30, 3, 1, 2]), Err(TlvError::Short));
        assert_eq!(first(&[0x30, 0x80, 0, 0]), Err(TlvError::Length));
        assert_eq!(first(&[0x30, 0x83, 1, 0, 1]), Err(TlvError::Length));
        assert_eq!(first(&[0x7f, 0x81, 0x82, 0x83]), Err(TlvError::Tag));
        assert_eq!(whole_length(&[0x75, 0x82, 0x30, 0]), Ok(4 + 0x3000));
        let unexpected = TlvError::Unexpected { expected: 0x61, found: 0x60 };
        assert_eq!(expect(&[0x60, 0], 0x61), Err(unexpected));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            tag in prop::sample::select(vec![0x04u32, 0x30, 0x5f1f, 0x7f61, 0x87]),
            value in prop::collection::vec(any::<u8>(), 0..700),
        ) {
            let bytes = write(tag, &value);
            let (read, rest) = first(&bytes).expect("what was written");
            prop_assert_eq!((read.tag, read.value, rest.len()), (tag, value.as_slice(), 0));
            prop_assert_eq!(whole_length(&bytes[..bytes.len().min(6)]), Ok(bytes.len()));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = (all(&bytes).count(), find(&bytes, 0x30), whole_length(&bytes));
        }
    }
}
