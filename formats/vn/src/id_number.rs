//! The personal identification number: 12 digits (Law 26/2023, art. 12).
//!
//! What the digits mean was laid down by Circular 59/2021, which expired on 01/07/2024: place of
//! birth registration, century and sex, year of birth, six random digits. So what is told here is
//! for the officer's information and never a reason to refuse.

/// Digits of a number.
pub const NUMBER_DIGITS: usize = 12;

/// Whether a text has the form of a number.
pub fn is_number(text: &str) -> bool {
    text.len() == NUMBER_DIGITS && text.bytes().all(|b| b.is_ascii_digit())
}

/// First year of the century of birth by the number's fourth digit: 0 and 1 for 1900, 2 and 3 for
/// 2000, and so on.
pub fn century(number: &str) -> Option<i32> {
    is_number(number).then(|| 1900 + i32::from((number.as_bytes()[3] - b'0') / 2) * 100)
}

/// Whether the number's fourth digit says a woman.
pub fn is_woman(number: &str) -> Option<bool> {
    is_number(number).then(|| (number.as_bytes()[3] - b'0') % 2 == 1)
}

/// The last two digits of the year of birth by the number.
pub fn year(number: &str) -> Option<i32> {
    is_number(number).then(|| number[4..6].parse().ok()).flatten()
}

/// Where the birth was registered, by the provinces of before 2025; none for a code that is not on
/// the list, which is no fault of the number.
pub fn place(number: &str) -> Option<&'static str> {
    let code = is_number(number).then(|| number[..3].parse::<u8>().ok()).flatten()?;
    PLACES.binary_search_by_key(&code, |(code, _)| *code).ok().map(|at| PLACES[at].1)
}

/// The six last digits: the card access number of the chip.
pub fn card_access_number(number: &str) -> Option<&str> {
    is_number(number).then(|| &number[6..])
}

/// Codes and provinces as they were until 30/06/2025, sorted by code.
const PLACES: &[(u8, &str)] = &[
    (1, "Hà Nội"),
    (2, "Hà Giang"),
    (4, "Cao Bằng"),
    (6, "Bắc Kạn"),
    (8, "Tuyên Quang"),
    (10, "Lào Cai"),
    (11, "Điện Biên"),
    (12, "Lai Châu"),
    (14, "Sơn La"),
    (15, "Yên Bái"),
    (17, "Hòa Bình"),
    (19, "Thái Nguyên"),
    (20, "Lạng Sơn"),
    (22, "Quảng Ninh"),
    (24, "Bắc Giang"),
    (25, "Phú Thọ"),
    (26, "Vĩnh Phúc"),
    (27, "Bắc Ninh"),
    (30, "Hải Dương"),
    (31, "Hải Phòng"),
    (33, "Hưng Yên"),
    (34, "Thái Bình"),
    (35, "Hà Nam"),
    (36, "Nam Định"),
    (37, "Ninh Bình"),
    (38, "Thanh Hóa"),
    (40, "Nghệ An"),
    (42, "Hà Tĩnh"),
    (44, "Quảng Bình"),
    (45, "Quảng Trị"),
    (46, "Thừa Thiên Huế"),
    (48, "Đà Nẵng"),
    (49, "Quảng Nam"),
    (51, "Quảng Ngãi"),
    (52, "Bình Định"),
    (54, "Phú Yên"),
    (56, "Khánh Hòa"),
    (58, "Ninh Thuận"),
    (60, "Bình Thuận"),
    (62, "Kon Tum"),
    (64, "Gia Lai"),
    (66, "Đắk Lắk"),
    (67, "Đắk Nông"),
    (68, "Lâm Đồng"),
    (70, "Bình Phước"),
    (72, "Tây Ninh"),
    (74, "Bình Dương"),
    (75, "Đồng Nai"),
    (77, "Bà Rịa - Vũng Tàu"),
    (79, "Thành phố Hồ Chí Minh"),
    (80, "Long An"),
    (82, "Tiền Giang"),
    (83, "Bến Tre"),
    (84, "Trà Vinh"),
    (86, "Vĩnh Long"),
    (87, "Đồng Tháp"),
    (89, "An Giang"),
    (91, "Kiên Giang"),
    (92, "Cần Thơ"),
    (93, "Hậu Giang"),
    (94, "Sóc Trăng"),
    (95, "Bạc Liêu"),
    (96, "Cà Mau"),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_tells_place_century_sex_and_year() {
        let number = "001199999999";
        assert_eq!(place(number), Some("Hà Nội"));
        assert_eq!(
            (century(number), is_woman(number), year(number)),
            (Some(1900), Some(true), Some(99))
        );
        assert_eq!(century("001204000001"), Some(2000));
        assert_eq!(card_access_number(number), Some("999999"));
    }

    #[test]
    fn an_unknown_place_is_none_and_no_fault() {
        assert_eq!(place("003204000001"), None);
        assert_eq!(place("999204000001"), None);
        assert!(is_number("999204000001"));
    }

    #[test]
    fn the_places_are_sorted_as_the_search_needs() {
        assert!(PLACES.is_sorted_by(|a, b| a.0 < b.0));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,16}") {
            let _ = (place(&text), century(&text), is_woman(&text), year(&text));
            prop_assert_eq!(card_access_number(&text).is_some(), is_number(&text));
        }
    }
}
