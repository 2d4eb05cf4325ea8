use proptest::prelude::*;
use time::macros::date;

use super::*;

const TODAY: Date = date!(2026 - 11 - 23);
const WOMAN: [&str; 3] = [
    "IDVNM1999999991001199999999<<2",
    "9909092F3909090VNM<<<<<<<<<<<6",
    "NGHIEM<<THI<THU<<<<<<<<<<<<<<<",
];
const MAN: [&str; 3] = [
    "IDVNM2040000019001204000001<<0",
    "0403151M2903150VNM<<<<<<<<<<<2",
    "TRAN<<VAN<MAU<<<<<<<<<<<<<<<<<",
];
const OLD: [&str; 3] = [
    "IDVNM0601234563001060123456<<4",
    "6001157M9912315VNM<<<<<<<<<<<4",
    "NGUYEN<<VAN<MAU<<<<<<<<<<<<<<<",
];

fn with(lines: [&str; 3], line: usize, at: usize, byte: char) -> [String; 3] {
    let mut lines = lines.map(str::to_owned);
    lines[line - 1].replace_range(at - 1..at, &byte.to_string());
    lines
}

fn refs(lines: &[String; 3]) -> [&str; 3] {
    [&lines[0], &lines[1], &lines[2]]
}

#[test]
fn a_card_is_read_with_its_number_dates_sex_and_name() {
    let card = parse(WOMAN, TODAY).expect("a card");
    assert_eq!((card.number.as_str(), card.name.as_str()), ("001199999999", "NGHIEM THI THU"));
    assert_eq!(card.born, date!(1999 - 09 - 09));
    assert_eq!(card.expires, Expiry::On(date!(2039 - 09 - 09)));
    assert_eq!((card.sex, card.name_cut), (Some(Sex::Female), false));
    let card = parse(MAN, TODAY).expect("a card");
    assert_eq!((card.born, card.sex), (date!(2004 - 03 - 15), Some(Sex::Male)));
}

#[test]
fn the_last_day_of_1999_means_that_the_card_never_expires() {
    let card = parse(OLD, TODAY).expect("a card");
    assert_eq!((card.born, card.expires), (date!(1960 - 01 - 15), Expiry::Never));
    assert!(!card.expires.is_over(TODAY));
}

#[test]
fn the_chip_is_opened_by_the_short_number_and_both_dates() {
    let card = parse(WOMAN, TODAY).expect("a card");
    assert_eq!(card.chip_key(), "199999999199090923909090");
    assert_eq!(chip_key(&card.number, card.born, card.expires), Some(card.chip_key()));
    let card = parse(OLD, TODAY).expect("a card");
    assert_eq!(chip_key(&card.number, card.born, Expiry::Never), Some(card.chip_key()));
    assert_eq!(chip_key("12345", card.born, Expiry::Never), None);
}

#[test]
fn a_year_that_the_number_does_not_settle_is_the_latest_that_has_been() {
    // 27 has not been in this century; the number's own year is another one.
    assert_eq!(birth("270101", "001199999999", TODAY), Some(date!(1927 - 01 - 01)));
    assert_eq!(birth("260101", "001199999999", TODAY), Some(date!(2026 - 01 - 01)));
    // The number says 1926, and 2026 would be possible too.
    assert_eq!(birth("260101", "001026999999", TODAY), Some(date!(1926 - 01 - 01)));
    // A number of the 2100s cannot be meant today.
    assert_eq!(birth("260101", "001426999999", TODAY), Some(date!(2026 - 01 - 01)));
}

#[test]
fn every_check_digit_is_held_with_its_name() {
    let cases = [
        (1, 15, Checked::ShortNumber),
        (1, 30, Checked::Number),
        (2, 7, Checked::Birth),
        (2, 15, Checked::Expiry),
        (2, 30, Checked::Composite),
    ];
    for (line, at, what) in cases {
        let digit = WOMAN[line - 1].as_bytes()[at - 1];
        let other = if digit == b'5' { '6' } else { '5' };
        let lines = with(WOMAN, line, at, other);
        assert_eq!(parse(refs(&lines), TODAY), Err(MrzError::Check(what)), "{line}:{at}");
    }
}

#[test]
fn what_is_no_card_is_refused_with_its_reason() {
    let lines = with(WOMAN, 1, 3, 'X');
    assert_eq!(parse(refs(&lines), TODAY), Err(MrzError::NotVietnamese));
    let lines = with(WOMAN, 2, 3, 'x');
    assert_eq!(parse(refs(&lines), TODAY), Err(MrzError::Character { line: 2, at: 3 }));
    let short = [WOMAN[0], &WOMAN[1][1..], WOMAN[2]];
    assert_eq!(parse(short, TODAY), Err(MrzError::Length { line: 2, chars: 29 }));
    let nobody = "<".repeat(30);
    assert_eq!(parse([WOMAN[0], WOMAN[1], &nobody], TODAY), Err(MrzError::Name));
    assert_eq!(
        parse(refs(&with(WOMAN, 1, 1, 'Ế')), TODAY),
        Err(MrzError::Character { line: 1, at: 1 })
    );
}

#[test]
fn the_document_code_may_end_in_a_filler() {
    let lines = with(WOMAN, 1, 2, '<');
    assert!(parse(refs(&lines), TODAY).is_ok());
}

#[test]
fn letters_among_digits_are_mended_because_the_check_digits_prove_it() {
    let worn = [
        "IDVNMI9999B9991001199999999<<2",
        "99O9092F39O9O90VNM<<<<<<<<<<<6",
        "NGH1EM<<TH1<THU<<<<<<<<<<<<<<<",
    ];
    // The B stands for 8 by its look, but the number's second place says 9.
    let card = read(worn, TODAY).expect("a card");
    assert_eq!(card.text(), WOMAN.concat());
    assert_eq!(card.mended, Mended { proven: 5, unproven: 2 });
    assert_eq!(parse(worn, TODAY), Err(MrzError::Character { line: 1, at: 6 }));
}

#[test]
fn fillers_in_wrong_number_are_made_right() {
    let worn = [
        "IDVNM1999999991001199999999<2",
        "9909092F3909090VNM<<<<<<<<<<<<<6",
        "NGHIEM<<THI<THU<<<<<<<<K<<",
    ];
    let card = read(worn, TODAY).expect("a card");
    assert_eq!(card.text(), WOMAN.concat());
    assert_eq!(card.mended, Mended { proven: 0, unproven: 1 });
}

#[test]
fn a_digit_that_both_places_read_differently_is_settled_by_the_check_digits() {
    let lines = with(WOMAN, 1, 10, '3');
    assert_eq!(parse(refs(&lines), TODAY).err(), Some(MrzError::Check(Checked::ShortNumber)));
    let card = read(refs(&lines), TODAY).expect("a card");
    assert_eq!((card.number.as_str(), card.mended.proven), ("001199999999", 1));
}

#[test]
fn a_false_digit_that_nothing_settles_is_refused() {
    let lines = with(WOMAN, 2, 1, '8');
    assert_eq!(read(refs(&lines), TODAY), Err(MrzError::Check(Checked::Birth)));
}

#[test]
fn a_sex_that_cannot_be_read_is_left_out() {
    let card = read(refs(&with(WOMAN, 2, 8, 'E')), TODAY).expect("a card");
    assert_eq!((card.sex, card.mended), (None, Mended { proven: 0, unproven: 1 }));
}

#[test]
fn the_zone_is_found_among_the_lines_of_a_page() {
    let page = [
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Đặc điểm nhân dạng / Personal identification:",
        "IDVNM 1999999991 001199999999 <<2",
        "9909092F3909090VNM«««««<6",
        "NGHIEM<<THI<THU<<<<<<<<<<<<<<<",
        "",
    ];
    assert_eq!(find(page, TODAY).expect("a card").text(), WOMAN.concat());
    assert_eq!(find(page[..4].iter().copied(), TODAY).err(), Some(MrzError::NotFound));
    let worn = [page[2], "9909093F3909090VNM<<<<<<<<<<<6", page[4]];
    assert_eq!(find(worn, TODAY).err(), Some(MrzError::Check(Checked::Birth)));
}

#[test]
fn a_name_that_fills_its_line_may_go_on() {
    let long = "NGUYEN<<HOANG<PHUONG<THAO<LINH";
    let card = parse([WOMAN[0], WOMAN[1], long], TODAY).expect("a card");
    assert!(card.name_cut);
    assert_eq!(card.name, "NGUYEN HOANG PHUONG THAO LINH");
}

#[test]
fn nothing_personal_is_in_the_debug_text() {
    assert_eq!(format!("{:?}", parse(MAN, TODAY).expect("a card")), "Mrz(…)");
}

/// The zone as a reader of signs sees it that takes no sign for another.
fn seen(lines: [&str; 3]) -> [[Seen; LINE_CHARS]; LINE_COUNT] {
    lines.map(|line| {
        let bytes = line.as_bytes();
        std::array::from_fn(|at| Seen { read: bytes[at], best: bytes[at], others: [None; 3] })
    })
}

#[test]
fn what_stands_is_read_as_it_was_seen() {
    let card = settle(&seen(WOMAN), TODAY).expect("a card");
    assert_eq!((card.text(), card.mended), (WOMAN.concat().as_str(), Mended::default()));
    assert!(held(WOMAN[0], WOMAN[1]).iter().all(|(_, holds)| *holds));
}

#[test]
fn a_doubtful_sign_is_read_otherwise_only_where_the_check_digits_leave_one_reading() {
    let mut places = seen(WOMAN);
    // Birth: a 9 was taken for an 8, and the 9 was the next likely.
    places[1][1] = Seen { read: b'B', best: b'8', others: [Some(b'9'), Some(b'3'), None] };
    let card = settle(&places, TODAY).expect("a card");
    assert_eq!((card.text(), card.mended.proven), (WOMAN.concat().as_str(), 1));
    // Nothing else was likely: it is not guessed.
    places[1][1].others = [None; 3];
    assert_eq!(settle(&places, TODAY), Err(MrzError::Check(Checked::Birth)));
    // The number's second place tells what the first lost.
    let mut places = seen(WOMAN);
    places[0][8] = Seen { read: b'4', best: b'4', others: [None; 3] };
    assert_eq!(settle(&places, TODAY).expect("a card").text(), WOMAN.concat());
}

#[test]
fn two_readings_that_both_satisfy_the_check_digits_are_none() {
    let mut places = seen(WOMAN);
    // 7 times 9 and 7 times 4 end alike less 5: with weight 1 elsewhere two pairs fit.
    places[1][0] = Seen { read: b'0', best: b'0', others: [Some(b'9'), Some(b'8'), None] };
    places[1][3] = Seen { read: b'1', best: b'1', others: [Some(b'9'), Some(b'6'), None] };
    let outcome = settle(&places, TODAY);
    let fits = |first: u8, fourth: u8| {
        let field = [first, b'9', b'0', fourth, b'0', b'9'];
        check_digit(field) == '2'
    };
    let fitting = [b'0', b'9', b'8']
        .iter()
        .flat_map(|a| [b'1', b'9', b'6'].iter().map(move |b| (*a, *b)))
        .filter(|(a, b)| fits(*a, *b))
        .count();
    assert_eq!(outcome.is_ok(), fitting == 1, "{fitting} fit: {outcome:?}");
}

#[test]
fn a_name_is_settled_by_another_place_only_within_what_was_seen() {
    let mut places = seen(WOMAN);
    places[2][12] = Seen { read: b'I', best: b'I', others: [Some(b'T'), None, None] };
    places[2][13].others[0] = Some(b'N');
    let mut card = settle(&places, TODAY).expect("a card");
    assert_eq!(card.name, "NGHIEM THI IHU");
    assert!(!settle_name(&mut card, &places[2], "Nghiêm Thị Thú Mai"));
    assert!(!settle_name(&mut card, &places[2], "Nghiêm Thị Lhu"));
    assert!(settle_name(&mut card, &places[2], "Nghiêm Thị Thử"));
    assert_eq!((card.name.as_str(), card.text()), ("NGHIEM THI THU", WOMAN.concat().as_str()));
}

/// The zone of any card.
fn zone(number: &str, born: Date, expires: Expiry, sex: char) -> [String; 3] {
    let key = chip_key(number, born, expires).expect("a number of 12 digits");
    let long = check_digit(format!("{number}<<").bytes());
    let first = format!("IDVNM{}{number}<<{long}", &key[..10]);
    let covered = [&first[5..30], &key[10..24], "<<<<<<<<<<<"].concat();
    let last = check_digit(covered.bytes());
    let second = format!("{}{sex}{}VNM<<<<<<<<<<<{last}", &key[10..17], &key[17..24]);
    [first, second, WOMAN[2].to_owned()]
}

fn any_zone() -> impl Strategy<Value = [String; 3]> {
    let days = |years: std::ops::Range<i32>| {
        (years, 1..=365u16).prop_filter_map("a day", |(y, d)| Date::from_ordinal_date(y, d).ok())
    };
    let expiry = prop_oneof![days(2021..2080).prop_map(Expiry::On), Just(Expiry::Never)];
    ("[0-9]{12}", days(1930..2026), expiry, "[MF<]").prop_map(|(number, born, expires, sex)| {
        zone(&number, born, expires, sex.chars().next().unwrap_or('<'))
    })
}

proptest! {
    #[test]
    fn a_zone_that_is_made_is_read_and_needs_no_mending(lines in any_zone()) {
        let card = parse(refs(&lines), TODAY).expect("a card");
        prop_assert_eq!(read(refs(&lines), TODAY).expect("a card"), card);
    }

    #[test]
    fn a_mended_zone_is_the_true_one_or_none(
        lines in any_zone(),
        places in proptest::collection::vec((0..2usize, 0..30usize, "[OQDILZSGBTA]"), 1..6),
    ) {
        let mut worn = lines.clone();
        for (line, at, letter) in places {
            let digit = worn[line].as_bytes()[at];
            if digit.is_ascii_digit() && digits_like_any(&letter, digit) {
                worn[line].replace_range(at..=at, &letter);
            }
        }
        if let Ok(card) = read(refs(&worn), TODAY) {
            prop_assert_eq!(card.text(), lines.concat());
        }
    }

    #[test]
    fn a_zone_that_is_settled_stands_and_is_the_true_one_where_its_signs_were_seen(
        lines in any_zone(),
        doubts in proptest::collection::vec((0..2usize, 0..30usize, b'0'..=b'9'), 0..4),
    ) {
        let mut places = seen(refs(&lines));
        for (line, at, digit) in doubts {
            let place = &mut places[line][at];
            if place.best.is_ascii_digit() {
                let true_one = lines[line].as_bytes()[at];
                *place = Seen { read: digit, best: digit, others: [Some(true_one), None, None] };
            }
        }
        if let Ok(card) = settle(&places, TODAY) {
            let text = card.text().to_owned();
            let stands = parse([&text[..30], &text[30..60], &text[60..]], TODAY);
            prop_assert!(stands.is_ok());
        }
    }

    #[test]
    fn no_lines_make_it_panic(lines in proptest::collection::vec("[A-Z0-9<«đ ]{0,40}", 3)) {
        let three = [lines[0].as_str(), &lines[1], &lines[2]];
        let _ = (parse(three, TODAY), read(three, TODAY), find(three, TODAY));
    }
}

/// Whether a recogniser may take the digit for this letter.
fn digits_like_any(letter: &str, digit: u8) -> bool {
    super::read::digits_like(letter.as_bytes()[0]).contains(&digit)
}
