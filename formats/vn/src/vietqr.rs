//! A bank transfer as a QR code that every Vietnamese banking application reads: VietQR, by NAPAS
//! QR Switching 1.5.2 on EMVCo's merchant-presented mode.
//!
//! Such a code asks for money and proves nothing: whether it was paid is known from the bank alone.
//! Every text in it is plain, because applications refuse letters with marks. Start with
//! [`Transfer::code`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fold::fold;

/// NAPAS's application identifier.
const GUID: &str = "A000000727";
/// Transfer to an account, at once, through NAPAS.
const TO_ACCOUNT: &str = "QRIBFTTA";
/// Đồng, by ISO 4217.
const CURRENCY: &str = "704";
/// Longest number of an account, in characters.
const ACCOUNT_CHARS_MAX: usize = 19;
/// Longest name of a payee, in characters (EMVCo, field 59).
pub const NAME_CHARS_MAX: usize = 25;
/// Longest purpose, in characters (EMVCo, field 62-08).
pub const PURPOSE_CHARS_MAX: usize = 25;
/// Most digits of an amount (EMVCo, field 54).
const AMOUNT_DIGITS_MAX: usize = 13;

/// The account that a fee is paid to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The bank's identification number (BIN), six digits: 970405 is Agribank's.
    #[schemars(extend("x-source" = "NAPAS QR Switching 1.5.2"))]
    pub bank: String,
    /// Number of the account: up to 19 digits and letters.
    pub number: String,
    /// Whose account it is, as the payer shall read it; marks are taken off, 25 letters at most.
    pub name: Option<String>,
}

/// Why a transfer has no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    /// The bank's number is not one.
    #[error("write the bank's number (BIN) with its six digits")]
    Bank,
    /// The account's number is not one.
    #[error("write the account's number with 1 to 19 digits and letters, nothing between them")]
    Account,
    /// The payee's name does not fit.
    #[error("write the payee's name with 1 to 25 letters")]
    Name,
    /// The purpose is empty, too long, or not plain.
    #[error("the purpose must be 1 to 25 of the characters A-Z a-z 0-9 and space")]
    Purpose,
    /// The amount is nothing, or too much.
    #[error("the amount must be 1 to 9 999 999 999 999 đồng")]
    Amount,
}

impl Account {
    /// Whether codes can name this account.
    pub fn check(&self) -> Result<(), TransferError> {
        let digit = |c: char| c.is_ascii_digit();
        if self.bank.len() != 6 || !self.bank.chars().all(digit) {
            return Err(TransferError::Bank);
        }
        let plain = self.number.chars().all(|c| c.is_ascii_alphanumeric());
        if !(1..=ACCOUNT_CHARS_MAX).contains(&self.number.len()) || !plain {
            return Err(TransferError::Account);
        }
        match self.name.as_deref().map(plain_text) {
            Some(name) if !(1..=NAME_CHARS_MAX).contains(&name.len()) => Err(TransferError::Name),
            Some(_) | None => Ok(()),
        }
    }
}

/// A transfer that is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Transfer<'a> {
    /// To whom.
    pub account: &'a Account,
    /// How much, in đồng.
    pub amount_vnd: u64,
    /// What for, in plain letters: the payee finds the payment by it.
    pub purpose: &'a str,
}

impl Transfer<'_> {
    /// The text of the QR code.
    pub fn code(&self) -> Result<String, TransferError> {
        self.account.check()?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == ' ';
        if !(1..=PURPOSE_CHARS_MAX).contains(&self.purpose.len())
            || !self.purpose.chars().all(plain)
        {
            return Err(TransferError::Purpose);
        }
        let amount = self.amount_vnd.to_string();
        if self.amount_vnd == 0 || amount.len() > AMOUNT_DIGITS_MAX {
            return Err(TransferError::Amount);
        }
        let payee = field("00", &self.account.bank) + &field("01", &self.account.number);
        let payee = field("00", GUID) + &field("01", &payee) + &field("02", TO_ACCOUNT);
        let name = self.account.name.as_deref().map(|name| field("59", &plain_text(name)));
        let code = [
            field("00", "01"),
            // The amount is named, so the code is good for this one payment.
            field("01", "12"),
            field("38", &payee),
            field("53", CURRENCY),
            field("54", &amount),
            field("58", "VN"),
            name.unwrap_or_default(),
            field("62", &field("08", self.purpose)),
            "6304".to_owned(),
        ]
        .concat();
        let check = crc16(code.as_bytes());
        Ok(format!("{code}{check:04X}"))
    }
}

/// A text as banking applications take it: upper case, no marks, no signs, single spaces.
pub fn plain_text(text: &str) -> String {
    let folded = fold(text);
    let words = folded.split(' ').map(|word| word.replace(|c: char| !c.is_ascii(), ""));
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ").to_ascii_uppercase()
}

/// A field: its number, the length of its value in two digits, its value. All values here are plain
/// and shorter than a hundred.
fn field(id: &str, value: &str) -> String {
    format!("{id}{:02}{value}", value.len())
}

/// CRC-16 with polynomial 1021 and start FFFF, not reflected (ISO/IEC 13239, as EMVCo asks).
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn account(bank: &str, number: &str) -> Account {
        Account { bank: bank.into(), number: number.into(), name: None }
    }

    fn code(account: &Account, amount_vnd: u64, purpose: &str) -> Result<String, TransferError> {
        Transfer { account, amount_vnd, purpose }.code()
    }

    /// The fields of a code, one level deep, as an application reads them.
    fn fields(text: &str) -> Vec<(&str, &str)> {
        let mut found = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let length: usize = rest[2..4].parse().expect("a length");
            found.push((&rest[..2], &rest[4..4 + length]));
            rest = &rest[4 + length..];
        }
        found
    }

    #[test]
    fn the_check_is_the_one_of_the_catalogue() {
        assert_eq!(crc16(b"123456789"), 0x29B1);
    }

    #[test]
    fn codes_that_others_published_come_out_again() {
        let shop = account("970436", "1017595600");
        assert_eq!(
            code(&shop, 180_000, "thanh toan don hang").as_deref(),
            Ok(
                "00020101021238540010A00000072701240006970436011010175956000208QRIBFTTA530370454061\
                800005802VN62230819thanh toan don hang630470FA"
            )
        );
        let relief = account("970415", "0011001932418");
        assert_eq!(
            code(&relief, 120_000, "ung ho lu lut").as_deref(),
            Ok(
                "00020101021238570010A00000072701270006970415011300110019324180208QRIBFTTA530370454\
                061200005802VN62170813ung ho lu lut6304C15C"
            )
        );
    }

    #[test]
    fn a_check_with_a_leading_zero_keeps_its_four_digits() {
        let agribank = account("970405", "1500201000001");
        let first = code(&agribank, 5_000, "CT BS HN01 K01 000123").expect("a code");
        assert_eq!(
            first,
            "00020101021238570010A00000072701270006970405011315002010000010208QRIBFTTA5303704540450\
             005802VN62250821CT BS HN01 K01 00012363048C81"
        );
        let second = code(&agribank, 5_000, "CTBS000008").expect("a code");
        assert!(second.ends_with("62140810CTBS00000863040ABE"), "{second}");
    }

    #[test]
    fn names_lose_their_marks_and_what_does_not_fit_is_told() {
        let mut payee = account("970405", "1500201000001");
        payee.name = Some("UBND phường Cửa Nam – Đống Đa".into());
        let text = code(&payee, 4_000, "CT BS HN01 K01 000001");
        assert_eq!(text, Err(TransferError::Name), "27 letters");
        payee.name = Some("UBND phường Cửa Nam, Đ.Đ".into());
        let text = code(&payee, 4_000, "CT BS HN01 K01 000001").expect("a code");
        assert!(fields(&text).contains(&("59", "UBND PHUONG CUA NAM D D")), "{text}");
        payee.name = Some(" – ".into());
        assert_eq!(payee.check(), Err(TransferError::Name));
        assert_eq!(account("97040", "1").check(), Err(TransferError::Bank));
        assert_eq!(account("970405", "15 00").check(), Err(TransferError::Account));
        assert_eq!(account("970405", "").check(), Err(TransferError::Account));
        let good = account("970405", "1");
        assert_eq!(code(&good, 0, "A"), Err(TransferError::Amount));
        assert_eq!(code(&good, 10_u64.pow(13), "A"), Err(TransferError::Amount));
        assert_eq!(code(&good, 1, "Phí"), Err(TransferError::Purpose));
        assert_eq!(code(&good, 1, ""), Err(TransferError::Purpose));
        assert_eq!(code(&good, 1, &"A".repeat(26)), Err(TransferError::Purpose));
    }

    #[test]
    fn plain_text_is_what_applications_take() {
        assert_eq!(plain_text("  Đặng Thị Ế, «phường» 3/4 漢 "), "DANG THI E PHUONG 3 4");
    }

    proptest! {
        #[test]
        fn every_code_reads_back_as_what_was_asked_for(
            bank in "[0-9]{6}",
            number in "[0-9A-Z]{1,19}",
            amount in 1_u64..10_000_000_000_000,
            purpose in "[A-Za-z0-9 ]{1,25}",
            name in proptest::option::of("[A-Z]{1,25}"),
        ) {
            let (to, named) = (number.clone(), name.clone());
            let account = Account { bank: bank.clone(), number: to, name: named };
            let text = code(&account, amount, &purpose).expect("a code");
            let (body, check) = text.split_at(text.len() - 4);
            prop_assert_eq!(format!("{:04X}", crc16(body.as_bytes())), check);
            let fields = fields(&text);
            let of = |id| fields.iter().find(|(found, _)| *found == id).map(|(_, value)| *value);
            prop_assert_eq!(fields.first(), Some(&("00", "01")));
            prop_assert_eq!(fields.last(), Some(&("63", check)));
            let amount = amount.to_string();
            prop_assert_eq!(of("54"), Some(amount.as_str()));
            prop_assert_eq!(of("59"), name.as_deref());
            let nested = self::fields(of("38").expect("an account"));
            prop_assert_eq!(nested[0], ("00", GUID));
            prop_assert_eq!(nested[2], ("02", TO_ACCOUNT));
            let payee = self::fields(nested[1].1);
            prop_assert_eq!(payee, vec![("00", bank.as_str()), ("01", number.as_str())]);
            let purposes = self::fields(of("62").expect("a purpose"));
            prop_assert_eq!(purposes, vec![("08", purpose.as_str())]);
        }

        #[test]
        fn plain_text_is_plain(text in "\\PC{0,60}") {
            let plain = plain_text(&text);
            let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == ' ';
            prop_assert!(plain.chars().all(fits), "{plain:?}");
            prop_assert!(!plain.contains("  ") && plain.trim() == plain);
        }
    }
}
