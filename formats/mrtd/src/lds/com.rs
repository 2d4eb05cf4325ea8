//! EF.COM: which data groups the chip says it has. Nobody signs this file.

use super::{File, LdsError};
use crate::tlv;

/// The data groups that the file lists, in its order.
pub fn groups(file: &[u8]) -> Result<Vec<u8>, LdsError> {
    let content = tlv::expect(file, 0x60)?;
    let tags = tlv::find(content, 0x5c).ok_or(LdsError::Missing("list of data groups"))?;
    let number = |tag: &u8| match File::dg_of_tag(*tag) {
        Some(File::Dg(number)) => Ok(number),
        _ => Err(LdsError::Unknown("data group")),
    };
    tags.iter().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_groups_of_a_vietnamese_card_are_listed() {
        let file = hex::decode("60185F0104303130375F36063034303030305C066175636D6E6F");
        let groups = groups(&file.expect("hex"));
        assert_eq!(groups, Ok(vec![1, 2, 3, 13, 14, 15]));
    }

    #[test]
    fn a_list_that_is_missing_or_strange_is_told() {
        assert_eq!(groups(&[0x60, 0]), Err(LdsError::Missing("list of data groups")));
        assert_eq!(groups(&[0x60, 3, 0x5c, 1, 1]), Err(LdsError::Unknown("data group")));
    }
}
