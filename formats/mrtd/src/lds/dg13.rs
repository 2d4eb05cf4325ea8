//! DG13 of the Vietnamese identity card: the holder's data with marks, in numbered items.
//!
//! ```text
//! 6D  30 { 02 01 <id>  0C <text> }  30 { … }
//! ```
//!
//! The layout is not published; it was told by people who read their own cards. So items may lie
//! deeper, may hold several texts (both parents), and unknown ones are kept.

use time::{Date, Month};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::LdsError;
use crate::tlv;

/// Most items of a file.
const ITEMS_MAX: usize = 64;
/// Most texts of one item.
const TEXTS_MAX: usize = 16;
/// Items lie this deep at most.
const DEPTH_MAX: usize = 6;

const INTEGER: u32 = 0x02;
const UTF8: u32 = 0x0c;
const PRINTABLE: u32 = 0x13;
const CONSTRUCTED: u32 = 0x20;

/// What an item says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Item {
    /// Số định danh cá nhân.
    Number = 1,
    /// Họ, chữ đệm và tên.
    Name = 2,
    /// Ngày sinh.
    Born = 3,
    /// Giới tính.
    Sex = 4,
    /// Quốc tịch.
    Nationality = 5,
    /// Dân tộc.
    Ethnicity = 6,
    /// Tôn giáo.
    Religion = 7,
    /// Quê quán.
    Origin = 8,
    /// Nơi thường trú.
    Residence = 9,
    /// Đặc điểm nhận dạng.
    Features = 10,
    /// Ngày cấp.
    Issued = 11,
    /// Ngày hết hạn.
    Expires = 12,
    /// Họ tên cha, mẹ.
    Parents = 13,
    /// Họ tên vợ, chồng.
    Spouse = 14,
    /// Số CMND cũ.
    OldNumber = 16,
}

/// The items. Personal data: wiped when dropped, not shown by `Debug`.
#[derive(Clone, Default, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Dg13 {
    items: Vec<(u8, Vec<String>)>,
}

impl std::fmt::Debug for Dg13 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Dg13({} items)", self.items.len())
    }
}

impl Dg13 {
    /// Takes the file apart.
    pub fn parse(file: &[u8]) -> Result<Self, LdsError> {
        let content = tlv::expect(file, 0x6d)?;
        let mut found = Self::default();
        found.collect(content, DEPTH_MAX)?;
        if found.items.is_empty() { Err(LdsError::Missing("items")) } else { Ok(found) }
    }

    /// The first text of an item; none where it is missing or empty.
    pub fn text(&self, item: Item) -> Option<&str> {
        self.texts(item as u8).first().map(String::as_str).filter(|text| !text.is_empty())
    }

    /// All texts of an item, by its number.
    pub fn texts(&self, item: u8) -> &[String] {
        self.items.iter().find(|(id, _)| *id == item).map_or(&[], |(_, texts)| texts)
    }

    /// The day that an item tells as `dd/MM/yyyy`.
    pub fn day(&self, item: Item) -> Option<Date> {
        let mut parts = self.text(item)?.splitn(3, '/');
        let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
        let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
        Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()
    }

    fn collect(&mut self, content: &[u8], depth: usize) -> Result<(), LdsError> {
        let Some(deeper) = depth.checked_sub(1) else { return Ok(()) };
        for object in tlv::all(content) {
            let object = object?;
            if object.tag & CONSTRUCTED == 0 {
                continue;
            }
            let inner = tlv::first(object.value).ok().filter(|(id, _)| id.tag == INTEGER);
            let Some((id, rest)) = inner else {
                self.collect(object.value, deeper)?;
                continue;
            };
            let mut texts = Vec::new();
            gather(rest, &mut texts, deeper)?;
            if self.items.len() == ITEMS_MAX {
                return Err(LdsError::TooMany("items"));
            }
            if let [id] = id.value {
                self.items.push((*id, texts));
            }
        }
        Ok(())
    }
}

/// All texts in an item, however deep.
fn gather(content: &[u8], texts: &mut Vec<String>, depth: usize) -> Result<(), LdsError> {
    let Some(deeper) = depth.checked_sub(1) else { return Ok(()) };
    for object in tlv::all(content) {
        let object = object?;
        match object.tag {
            UTF8 | PRINTABLE => {
                if texts.len() == TEXTS_MAX {
                    return Err(LdsError::TooMany("texts"));
                }
                // Control characters would break the lines of a book or a screen.
                let text = String::from_utf8_lossy(object.value);
                texts.push(text.chars().filter(|c| !c.is_control()).collect());
            }
            tag if tag & CONSTRUCTED != 0 => gather(object.value, texts, deeper)?,
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::date;

    use super::*;

    fn item(id: u8, texts: &[&str]) -> Vec<u8> {
        let texts = texts.iter().map(|text| tlv::write(UTF8, text.as_bytes()));
        let mut content = vec![2, 1, id];
        content.extend(texts.flatten());
        tlv::write(0x30, &content)
    }

    #[test]
    fn items_are_found_by_their_numbers_also_deeper_and_with_several_texts() {
        let parents = [
            vec![2, 1, 13],
            tlv::write(
                0x30,
                &[
                    tlv::write(UTF8, "Nghiêm Văn Cha".as_bytes()),
                    tlv::write(UTF8, "Trần Thị Mẹ".as_bytes()),
                ]
                .concat(),
            ),
        ]
        .concat();
        let items =
            [item(1, &["001199999999"]), item(3, &["09/09/1999"]), tlv::write(0x30, &parents)];
        for file in [
            tlv::write(0x6d, &items.concat()),
            tlv::write(0x6d, &tlv::write(0x30, &items.concat())),
        ] {
            let found = Dg13::parse(&file).expect("items");
            assert_eq!(found.text(Item::Number), Some("001199999999"));
            assert_eq!(found.day(Item::Born), Some(date!(1999 - 09 - 09)));
            assert_eq!(found.texts(13), ["Nghiêm Văn Cha", "Trần Thị Mẹ"]);
            assert_eq!(found.text(Item::OldNumber), None);
            assert_eq!(format!("{found:?}"), "Dg13(3 items)");
        }
    }

    #[test]
    fn more_than_any_card_has_is_refused() {
        let many = item(1, &["x"]).repeat(ITEMS_MAX + 1);
        assert_eq!(Dg13::parse(&tlv::write(0x6d, &many)), Err(LdsError::TooMany("items")));
        assert_eq!(Dg13::parse(&[0x6d, 0]), Err(LdsError::Missing("items")));
        let nested = (0..40).fold(item(1, &["x"]), |inner, _| tlv::write(0x30, &inner));
        assert_eq!(Dg13::parse(&tlv::write(0x6d, &nested)), Err(LdsError::Missing("items")));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Dg13::parse(&tlv::write(0x6d, &bytes)).map(|found| found.day(Item::Born));
        }
    }
}
