//! The fee for certified copies: a table by date (`fees.toml`), and what a site waives.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::Date;

/// The fees that are built in.
const BUILT_IN: &str = include_str!("../fees.toml");

/// All fees there were, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeeTable {
    fees: Vec<Fee>,
}

/// The fee for one copy, from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fee {
    /// What sets it, such as `Thông tư 226/2016/TT-BTC`.
    pub instrument: String,
    /// Its first day.
    #[serde(with = "iso_date")]
    pub valid_from: Date,
    /// What a page costs, by the number of the page; rising, the first from page 1.
    pub tiers: Vec<Tier>,
    /// At most this much for one copy, in đồng.
    pub cap_vnd: u64,
    /// Where the figures come from.
    pub source: String,
    /// Whether a lawyer compared them with the official text.
    pub verified: bool,
}

/// What pages cost from a page on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// The first page, from 1.
    pub from_page: u32,
    /// Each page, in đồng.
    pub page_vnd: u64,
}

/// How a request reached the authority. Support for fees depends on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Filed at a counter, or at a kiosk that counts as one.
    #[default]
    InPerson,
    /// Filed online, or at a kiosk that counts as that.
    Online,
}

/// A part of the fee that is not taken, with its ground.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// Whom it is for.
    pub channel: Channel,
    /// How much is waived, 1 to 100 in the hundred.
    #[schemars(extend("x-unit" = "%"))]
    pub percent: u8,
    /// Why, as it is written into the book and on the receipt.
    pub reason: String,
    /// Its first day.
    #[serde(with = "iso_date")]
    #[schemars(with = "String", extend("x-unit" = "YYYY-MM-DD"))]
    pub valid_from: Date,
    /// Its last day; none while it has no end.
    #[serde(default, with = "iso_date::option")]
    #[schemars(with = "Option<String>", extend("x-unit" = "YYYY-MM-DD"))]
    pub valid_until: Option<Date>,
}

/// What is charged for the copies that were made together of one original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// For all of them, in đồng.
    pub total_vnd: u64,
    /// What sets the fee.
    pub instrument: String,
    /// Why less than the fee is charged; none for the full fee.
    pub waived: Option<String>,
}

/// Why a table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FeeError {
    /// The text is no table.
    #[error("the fee table cannot be understood")]
    Parse(#[source] Box<toml::de::Error>),
    /// Days do not rise from entry to entry, or pages from tier to tier beginning with page 1.
    #[error("the entry of the fee table from {valid_from} is out of order")]
    Order {
        /// First day of the entry.
        valid_from: Date,
    },
}

impl FeeTable {
    /// The table that is built in.
    pub fn built_in() -> Result<Self, FeeError> {
        Self::parse(BUILT_IN)
    }

    /// Reads a table.
    pub fn parse(text: &str) -> Result<Self, FeeError> {
        let table: Self = toml::from_str(text).map_err(|e| FeeError::Parse(Box::new(e)))?;
        let mut before = None;
        for fee in &table.fees {
            let pages = || fee.tiers.iter().map(|tier| tier.from_page);
            let rises = pages().next() == Some(1) && pages().is_sorted_by(|a, b| a < b);
            if !rises || before.is_some_and(|before| before >= fee.valid_from) {
                return Err(FeeError::Order { valid_from: fee.valid_from });
            }
            before = Some(fee.valid_from);
        }
        Ok(table)
    }

    /// The fee in force on a day; none before the first.
    pub fn on(&self, day: Date) -> Option<&Fee> {
        self.fees.iter().rev().find(|fee| fee.valid_from <= day)
    }

    /// What `copies` copies of an original of `pages` pages cost on a day: the fee for each copy.
    /// Where several waivers hold, the greatest counts.
    pub fn charge(
        &self,
        day: Date,
        pages: u32,
        copies: u32,
        channel: Channel,
        waivers: &[Waiver],
    ) -> Option<Charge> {
        let fee = self.on(day)?;
        let full = fee.of_copy(pages).saturating_mul(copies.into());
        let holds = waivers.iter().filter(|w| w.channel == channel && w.holds_on(day));
        let waiver = holds.max_by_key(|waiver| waiver.percent);
        let percent = waiver.map_or(0, |waiver| waiver.percent.min(100));
        // In parts, so that no sum overflows; what is left of a đồng is not charged.
        let left = u64::from(100 - percent);
        let total_vnd = full / 100 * left + full % 100 * left / 100;
        Some(Charge {
            total_vnd,
            instrument: fee.instrument.clone(),
            waived: waiver.map(|waiver| waiver.reason.clone()),
        })
    }
}

impl Fee {
    /// The fee in đồng for one copy of an original of so many pages.
    pub fn of_copy(&self, pages: u32) -> u64 {
        let mut sum = 0_u64;
        for (at, tier) in self.tiers.iter().enumerate() {
            let next = self.tiers.get(at + 1).map_or(u64::MAX, |tier| tier.from_page.into());
            let end = (u64::from(pages) + 1).min(next);
            let count = end.saturating_sub(tier.from_page.into());
            sum = sum.saturating_add(count.saturating_mul(tier.page_vnd));
        }
        sum.min(self.cap_vnd)
    }
}

impl Waiver {
    fn holds_on(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_until.is_none_or(|last| day <= last)
    }
}

time::serde::format_description!(iso_date, Date, "[year]-[month]-[day]");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::date;

    const TODAY: Date = date!(2026 - 11 - 23);

    fn table() -> FeeTable {
        FeeTable::built_in().expect("the built-in table is sound")
    }

    fn online(percent: u8) -> Waiver {
        Waiver {
            channel: Channel::Online,
            percent,
            reason: format!("Nghị quyết về {percent} %"),
            valid_from: date!(2026 - 01 - 01),
            valid_until: None,
        }
    }

    #[test]
    fn the_fee_rises_by_the_page_up_to_its_ceiling() {
        let vectors = [
            (0, 0),
            (1, 2_000),
            (2, 4_000),
            (3, 5_000),
            (5, 7_000),
            (10, 12_000),
            (197, 199_000),
            (198, 200_000),
            (199, 200_000),
            (u32::MAX, 200_000),
        ];
        for (pages, fee) in vectors {
            assert_eq!(table().on(TODAY).expect("a fee").of_copy(pages), fee, "{pages} pages");
        }
    }

    #[test]
    fn each_copy_of_one_number_is_charged() {
        let charge = table().charge(TODAY, 3, 4, Channel::InPerson, &[]).expect("a fee");
        assert_eq!((charge.total_vnd, charge.waived), (20_000, None));
        assert_eq!(charge.instrument, "Thông tư 226/2016/TT-BTC");
    }

    #[test]
    fn a_waiver_counts_for_its_channel_in_its_time_and_says_why() {
        let waivers = [online(50), online(100), Waiver { channel: Channel::InPerson, ..online(9) }];
        let of = |day, channel| table().charge(day, 1, 1, channel, &waivers).expect("a fee");
        let free = of(TODAY, Channel::Online);
        assert_eq!((free.total_vnd, free.waived.as_deref()), (0, Some("Nghị quyết về 100 %")));
        assert_eq!(of(TODAY, Channel::InPerson).total_vnd, 1_820);
        assert_eq!(of(date!(2025 - 12 - 31), Channel::Online).waived, None);
        let ended = Waiver { valid_until: Some(date!(2026 - 11 - 22)), ..online(100) };
        let after = table().charge(TODAY, 1, 1, Channel::Online, &[ended]).expect("a fee");
        assert_eq!((after.total_vnd, after.waived), (2_000, None));
    }

    #[test]
    fn a_later_entry_counts_from_its_first_day_and_disorder_is_refused() {
        let later = "[[fees]]\ninstrument = \"B\"\nvalid_from = \"2027-07-01\"\n\
                     tiers = [{ from_page = 1, page_vnd = 10 }]\ncap_vnd = 50\nsource = \"test\"\n\
                     verified = false\n";
        let table = FeeTable::parse(&format!("{BUILT_IN}\n{later}")).expect("in order");
        let of = |day| table.on(day).map(|fee| fee.instrument.as_str());
        assert_eq!(of(date!(2027 - 06 - 30)), Some("Thông tư 226/2016/TT-BTC"));
        assert_eq!(of(date!(2027 - 07 - 01)), Some("B"));
        assert_eq!(of(date!(2016 - 12 - 31)), None);
        assert!(table.charge(date!(2016 - 12 - 31), 1, 1, Channel::Online, &[]).is_none());
        let wrong = FeeTable::parse(&format!("{later}\n{BUILT_IN}"));
        assert!(matches!(wrong, Err(FeeError::Order { .. })), "{wrong:?}");
        let no_first_page = later.replace("from_page = 1", "from_page = 2");
        assert!(matches!(FeeTable::parse(&no_first_page), Err(FeeError::Order { .. })));
    }

    proptest! {
        #[test]
        fn more_pages_or_copies_never_cost_less(
            pages: u32, more in 0..1000_u32, copies in 0..100_u32, percent in 0..=100_u8,
        ) {
            let table = table();
            let of = |pages, copies| {
                let waivers = [online(percent)];
                table.charge(TODAY, pages, copies, Channel::Online, &waivers).expect("a fee")
            };
            let base = of(pages, copies).total_vnd;
            prop_assert!(of(pages.saturating_add(more), copies).total_vnd >= base);
            prop_assert!(of(pages, copies + 1).total_vnd >= base);
            prop_assert!(base <= 200_000 * u64::from(copies));
        }

        #[test]
        fn a_copy_costs_the_sum_of_its_pages_up_to_the_ceiling(pages in 0..400_u32) {
            let by_page: u64 = (1..=pages).map(|page| if page < 3 { 2_000 } else { 1_000 }).sum();
            let fee = table().on(TODAY).expect("a fee").of_copy(pages);
            prop_assert_eq!(fee, by_page.min(200_000));
        }

        #[test]
        fn any_text_is_a_table_or_an_error(text in "\\PC{0,200}") {
            let _ = FeeTable::parse(&text);
        }
    }
}
