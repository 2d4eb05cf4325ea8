//! What the places of an identity card say of its holder, set against each other: QR code,
//! machine-readable zone, chip, and what the requester typed.
//!
//! Everything found here warns the officer and gates nothing: the number's structure is no longer
//! law, recognisers err, and people mistype. Start with [`cross_check`].

use std::borrow::Cow;

use time::Date;
use zeroize::Zeroize;

use crate::age::{expiry_by_law, is_milestone};
use crate::fold::fold;
use crate::id_number;
use crate::id_qr::{CardQr, CardWarning};
use crate::mrz::{Expiry, Mrz, Sex};

/// Where something was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The chip.
    Chip,
    /// The machine-readable zone.
    Mrz,
    /// The QR code.
    Qr,
    /// What the requester typed.
    Typed,
}

impl Source {
    /// Its name in Vietnamese.
    pub const fn vi(self) -> &'static str {
        match self {
            Self::Chip => "chip",
            Self::Mrz => "dòng máy đọc (MRZ)",
            Self::Qr => "mã QR",
            Self::Typed => "thông tin đã nhập",
        }
    }

    /// Its name in English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Chip => "chip",
            Self::Mrz => "machine-readable zone",
            Self::Qr => "QR code",
            Self::Typed => "entry",
        }
    }
}

/// What one place says; what it does not say is none. Personal data: wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Claim<'a> {
    /// Where it was read.
    pub source: Source,
    /// The 12-digit number.
    pub number: Option<Cow<'a, str>>,
    /// The name, with or without marks.
    pub name: Option<Cow<'a, str>>,
    /// Whether the name may go on beyond what is known.
    pub name_cut: bool,
    /// Date of birth.
    pub born: Option<Date>,
    /// Sex.
    pub sex: Option<Sex>,
    /// Until when the card holds.
    pub expires: Option<Expiry>,
    /// Date of issue.
    pub issued: Option<Date>,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        for text in [&mut self.number, &mut self.name].into_iter().flatten() {
            if let Cow::Owned(text) = text {
                text.zeroize();
            }
        }
    }
}

impl std::fmt::Debug for Claim<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Claim({:?}, …)", self.source)
    }
}

impl<'a> Claim<'a> {
    /// A place that says nothing yet.
    pub const fn new(source: Source) -> Self {
        Self {
            source,
            number: None,
            name: None,
            name_cut: false,
            born: None,
            sex: None,
            expires: None,
            issued: None,
        }
    }

    /// What the QR code says.
    pub fn of_qr(card: &'a CardQr) -> Self {
        let mut claim = Self::new(Source::Qr);
        claim.number = Some(Cow::Borrowed(&card.number));
        claim.name = Some(Cow::Borrowed(&card.name));
        claim.born = Some(card.born);
        claim.sex = Sex::from_words(&card.sex);
        claim.issued = card.issued;
        claim
    }

    /// What a machine-readable zone says: the printed one, or the chip's.
    pub fn of_mrz(source: Source, zone: &'a Mrz) -> Self {
        let mut claim = Self::new(source);
        claim.number = Some(Cow::Borrowed(&zone.number));
        claim.name = Some(Cow::Borrowed(&zone.name));
        claim.name_cut = zone.name_cut;
        claim.born = Some(zone.born);
        claim.sex = zone.sex;
        claim.expires = Some(zone.expires);
        claim
    }
}

/// What two places can say differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Item {
    /// The number.
    Number,
    /// The name, compared without marks.
    Name,
    /// The date of birth.
    Birth,
    /// The sex.
    Sex,
    /// Until when the card holds.
    Expiry,
    /// The date of issue.
    Issued,
}

impl Item {
    const fn vi(self) -> &'static str {
        match self {
            Self::Number => "Số định danh",
            Self::Name => "Họ và tên",
            Self::Birth => "Ngày sinh",
            Self::Sex => "Giới tính",
            Self::Expiry => "Ngày hết hạn",
            Self::Issued => "Ngày cấp",
        }
    }

    const fn en(self) -> &'static str {
        match self {
            Self::Number => "the number",
            Self::Name => "the name",
            Self::Birth => "the date of birth",
            Self::Sex => "the sex",
            Self::Expiry => "the date of expiry",
            Self::Issued => "the date of issue",
        }
    }
}

/// Something the officer should look at. It names no person and holds nothing of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CardFinding {
    /// Two places say it differently.
    Differs {
        /// What.
        item: Item,
        /// Where.
        between: (Source, Source),
    },
    /// The card no longer holds.
    Expired(Source),
    /// The date of expiry is on none of the birthdays on which cards expire.
    OddExpiry(Source),
    /// The date of expiry is not the one that follows from birth and issue.
    ExpiryAgainstIssue,
    /// A date that should have been lies ahead.
    Future(Item, Source),
    /// The number does not fit the rest.
    Number(CardWarning),
}

impl CardFinding {
    /// A word for programs, which stays.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Differs { item: Item::Number, .. } => "number_differs",
            Self::Differs { item: Item::Name, .. } => "name_differs",
            Self::Differs { item: Item::Birth, .. } => "birth_differs",
            Self::Differs { item: Item::Sex, .. } => "sex_differs",
            Self::Differs { item: Item::Expiry, .. } => "expiry_differs",
            Self::Differs { item: Item::Issued, .. } => "issued_differs",
            Self::Expired(_) => "expired",
            Self::OddExpiry(_) => "odd_expiry",
            Self::ExpiryAgainstIssue => "expiry_against_issue",
            Self::Future(..) => "future_date",
            Self::Number(CardWarning::CenturyOrSex) => "number_century_or_sex",
            Self::Number(CardWarning::Year) => "number_year",
            Self::Number(CardWarning::IssuedBeforeBirth) => "issued_before_birth",
        }
    }

    /// The sentence for the officer, in Vietnamese.
    pub fn vi(self) -> String {
        match self {
            Self::Differs { item, between: (a, b) } => {
                format!("{} khác nhau giữa {} và {}", item.vi(), a.vi(), b.vi())
            }
            Self::Expired(source) => format!("Thẻ đã hết hạn (theo {})", source.vi()),
            Self::OddExpiry(source) => format!(
                "Ngày hết hạn (theo {}) không trùng mốc 14, 25, 40, 60 tuổi (chỉ để lưu ý)",
                source.vi()
            ),
            Self::ExpiryAgainstIssue => {
                "Ngày hết hạn không khớp với ngày sinh và ngày cấp (chỉ để lưu ý)".into()
            }
            Self::Future(item, source) => {
                format!("{} (theo {}) ở sau ngày hôm nay", item.vi(), source.vi())
            }
            Self::Number(warning) => warning.vi().into(),
        }
    }

    /// The sentence for the officer, in English.
    pub fn en(self) -> String {
        match self {
            Self::Differs { item, between: (a, b) } => {
                format!("{} differs between {} and {}", item.en(), a.en(), b.en())
            }
            Self::Expired(source) => format!("the card has expired (by its {})", source.en()),
            Self::OddExpiry(source) => format!(
                "the date of expiry (by the {}) is no birthday of 14, 25, 40 or 60 years (a \
                 signal only)",
                source.en()
            ),
            Self::ExpiryAgainstIssue => {
                "the date of expiry does not follow from birth and issue (a signal only)".into()
            }
            Self::Future(item, source) => {
                format!("{} (by the {}) lies ahead of today", item.en(), source.en())
            }
            Self::Number(warning) => warning.en().into(),
        }
    }
}

/// Sets what the places say against each other and against the calendar. Empty when everything
/// fits; never a reason to refuse by itself.
pub fn cross_check(claims: &[Claim<'_>], today: Date) -> Vec<CardFinding> {
    let mut found = Vec::new();
    for (at, a) in claims.iter().enumerate() {
        for b in &claims[at + 1..] {
            let differs = differences(a, b);
            let between = (a.source, b.source);
            found.extend(differs.map(|item| CardFinding::Differs { item, between }));
        }
    }
    for claim in claims {
        found.extend(by_itself(claim, today));
    }
    found.extend(against_issue(claims));
    let mut told = Vec::new();
    found.retain(|finding| {
        let first = !told.contains(finding);
        told.push(*finding);
        first
    });
    found
}

fn differences<'a>(a: &'a Claim<'_>, b: &'a Claim<'_>) -> impl Iterator<Item = Item> + use<'a> {
    fn differ<T: PartialEq>(a: Option<T>, b: Option<T>) -> bool {
        a.zip(b).is_some_and(|(a, b)| a != b)
    }
    [
        (Item::Number, differ(a.number.as_deref(), b.number.as_deref())),
        (Item::Name, names_differ(a, b)),
        (Item::Birth, differ(a.born, b.born)),
        (Item::Sex, differ(a.sex, b.sex)),
        (Item::Expiry, differ(a.expires, b.expires)),
        (Item::Issued, differ(a.issued, b.issued)),
    ]
    .into_iter()
    .filter_map(|(item, differs)| differs.then_some(item))
}

/// Names are compared as the zone can write them: without marks, and as far as both go.
fn names_differ(a: &Claim<'_>, b: &Claim<'_>) -> bool {
    let Some((x, y)) = a.name.as_deref().zip(b.name.as_deref()) else { return false };
    let (x, y) = (fold(x), fold(y));
    match (a.name_cut, b.name_cut) {
        (false, false) => x != y,
        (true, false) => !y.starts_with(&x),
        (false, true) => !x.starts_with(&y),
        (true, true) => !x.starts_with(&y) && !y.starts_with(&x),
    }
}

fn by_itself(claim: &Claim<'_>, today: Date) -> Vec<CardFinding> {
    let mut found = Vec::new();
    if let Some(expires) = claim.expires {
        if expires.is_over(today) {
            found.push(CardFinding::Expired(claim.source));
        }
        if claim.born.is_some_and(|born| !is_milestone(born, expires)) {
            found.push(CardFinding::OddExpiry(claim.source));
        }
    }
    for (item, day) in [(Item::Birth, claim.born), (Item::Issued, claim.issued)] {
        if day.is_some_and(|day| day > today) {
            found.push(CardFinding::Future(item, claim.source));
        }
    }
    if let (Some(number), Some(born)) = (claim.number.as_deref(), claim.born) {
        let warnings = number_warnings(number, born, claim.sex);
        found.extend(warnings.into_iter().map(CardFinding::Number));
    }
    if claim.issued.zip(claim.born).is_some_and(|(issued, born)| issued < born) {
        found.push(CardFinding::Number(CardWarning::IssuedBeforeBirth));
    }
    found
}

/// Whether the number fits birth and sex by the rule that expired on 01/07/2024.
pub(crate) fn number_warnings(number: &str, born: Date, sex: Option<Sex>) -> Vec<CardWarning> {
    let mut found = Vec::new();
    let century = id_number::century(number).is_some_and(|c| c != born.year() / 100 * 100);
    let woman = id_number::is_woman(number);
    let other_sex = sex.zip(woman).is_some_and(|(sex, woman)| woman != (sex == Sex::Female));
    if century || other_sex {
        found.push(CardWarning::CenturyOrSex);
    }
    if id_number::year(number).is_some_and(|year| year != born.year().rem_euclid(100)) {
        found.push(CardWarning::Year);
    }
    found
}

/// The expiry that one place tells against birth and issue that any place tells.
fn against_issue(claims: &[Claim<'_>]) -> Option<CardFinding> {
    let expires = claims.iter().find_map(|claim| claim.expires)?;
    let issued = claims.iter().find_map(|claim| claim.issued)?;
    let born = claims.iter().find_map(|claim| claim.born)?;
    (expires != expiry_by_law(born, issued)).then_some(CardFinding::ExpiryAgainstIssue)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::date;

    use super::*;
    use crate::{id_qr, mrz};

    const TODAY: Date = date!(2026 - 11 - 23);
    const QR: &str = "001199999999|012345678|Nghiêm Thị Thử|09091999|Nữ|Hà Nội|10092024";
    const ZONE: [&str; 3] = [
        "IDVNM1999999991001199999999<<2",
        "9909092F3909090VNM<<<<<<<<<<<6",
        "NGHIEM<<THI<THU<<<<<<<<<<<<<<<",
    ];

    fn qr(payload: &str) -> CardQr {
        id_qr::parse(payload).expect("a card")
    }

    fn zone() -> Mrz {
        mrz::parse(ZONE, TODAY).expect("a zone")
    }

    fn check(qr: &CardQr, zone: &Mrz) -> Vec<CardFinding> {
        cross_check(&[Claim::of_qr(qr), Claim::of_mrz(Source::Mrz, zone)], TODAY)
    }

    #[test]
    fn a_true_card_leaves_nothing_to_say() {
        // Issued at 25: it holds until 40, as the zone says.
        assert_eq!(check(&qr(QR), &zone()), []);
    }

    #[test]
    fn every_item_that_differs_is_told_with_its_places() {
        let other = qr("001299999998||Nghiêm Thị Thư Mai|10091999|Nam|Hà Nội|10092024");
        let between = (Source::Qr, Source::Mrz);
        let items: Vec<Item> = check(&other, &zone())
            .into_iter()
            .filter_map(|finding| match finding {
                CardFinding::Differs { item, between: b } if b == between => Some(item),
                _ => None,
            })
            .collect();
        assert_eq!(items, [Item::Number, Item::Name, Item::Birth, Item::Sex]);
    }

    #[test]
    fn marks_and_case_make_no_other_name_and_a_cut_name_is_compared_as_far_as_it_goes() {
        let mut typed = Claim::new(Source::Typed);
        typed.name = Some("nghiem thi THỬ".into());
        assert_eq!(cross_check(&[Claim::of_qr(&qr(QR)), typed.clone()], TODAY), []);
        typed.name = Some("Nghiêm Thị".into());
        assert_eq!(cross_check(&[Claim::of_qr(&qr(QR)), typed.clone()], TODAY).len(), 1);
        typed.name_cut = true;
        assert_eq!(cross_check(&[Claim::of_qr(&qr(QR)), typed], TODAY), []);
    }

    #[test]
    fn an_expired_card_is_told_and_refuses_nobody() {
        let zone = zone();
        let mut claim = Claim::of_mrz(Source::Mrz, &zone);
        claim.expires = Some(Expiry::On(date!(2024 - 09 - 09)));
        let found = cross_check(&[claim], TODAY);
        assert_eq!(found, [CardFinding::Expired(Source::Mrz)]);
        assert_eq!(found[0].en(), "the card has expired (by its machine-readable zone)");
    }

    #[test]
    fn an_expiry_that_no_law_gives_is_a_signal() {
        let (qr, zone) = (qr(QR), zone());
        let mut claim = Claim::of_mrz(Source::Chip, &zone);
        claim.expires = Some(Expiry::On(date!(2039 - 09 - 10)));
        let found = cross_check(&[claim.clone()], TODAY);
        assert_eq!(found, [CardFinding::OddExpiry(Source::Chip)]);
        claim.expires = Some(Expiry::Never);
        let found = cross_check(&[claim, Claim::of_qr(&qr)], TODAY);
        assert_eq!(found, [CardFinding::ExpiryAgainstIssue]);
    }

    #[test]
    fn what_lies_ahead_and_a_number_that_does_not_fit_are_told_once() {
        let card = qr("001204000001||Trần Văn Mẫu|15032027|Nữ|Hà Nội|01072021");
        let found = cross_check(&[Claim::of_qr(&card), Claim::of_qr(&card)], TODAY);
        let expected = [
            CardFinding::Future(Item::Birth, Source::Qr),
            CardFinding::Number(CardWarning::CenturyOrSex),
            CardFinding::Number(CardWarning::Year),
            CardFinding::Number(CardWarning::IssuedBeforeBirth),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn no_sentence_holds_anything_of_the_card() {
        let other = qr("001299999998||Nghiêm Thị Mai|10091999|Nam|Hà Nội|10092024");
        for finding in check(&other, &zone()) {
            for text in [finding.vi(), finding.en(), format!("{finding:?}")] {
                assert!(!text.contains("Nghi") && !text.contains("99999"), "{text}");
            }
        }
        assert_eq!(format!("{:?}", Claim::of_qr(&other)), "Claim(Qr, …)");
    }

    proptest! {
        #[test]
        fn no_claims_make_it_panic(
            number in "\\PC{0,14}",
            name in "\\PC{0,20}",
            days in -900_000..900_000i32,
        ) {
            let mut claim = Claim::new(Source::Typed);
            let day = Date::from_julian_day(TODAY.to_julian_day() + days).ok();
            (claim.number, claim.name) = (Some(number.into()), Some(name.into()));
            (claim.born, claim.issued) = (day, day);
            claim.expires = day.map(Expiry::On);
            for finding in cross_check(&[claim, Claim::of_qr(&qr(QR))], TODAY) {
                let _ = (finding.vi(), finding.en());
            }
        }
    }
}
