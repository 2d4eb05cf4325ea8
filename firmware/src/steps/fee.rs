//! The fee of an issued copy, as it can be transferred: the code for the person's banking
//! application, with a purpose by which the authority finds the payment. That it was paid is known
//! by an officer's word alone.

use formats_copy::Product;
use formats_vn::vietqr::{Account, PURPOSE_CHARS_MAX, Transfer, TransferError, plain_text};

use crate::config::Config;
use crate::visit::{Issued, Payment};

/// Room for the device in a purpose, beside the product, the number and two spaces.
pub const DEVICE_CHARS_MAX: usize = PURPOSE_CHARS_MAX - "CT BS".len() - NUMBER_DIGITS - 2;
/// Digits of the number in a purpose; a book of more numbers than that makes it longer.
const NUMBER_DIGITS: usize = 6;

/// A transfer that the person is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The text of the QR code.
    pub code: String,
    /// What the payment is found by.
    pub purpose: String,
}

/// The transfer of the copy's fee; none where nothing is due, or the site has no account.
pub fn transfer(config: &Config, issued: &Issued) -> Option<Asked> {
    let account = config.fee.transfer.as_ref()?;
    if issued.payment != Payment::Due {
        return None;
    }
    match asked(account, config, issued) {
        Ok(asked) => Some(asked),
        Err(error) => {
            tracing::warn!(%error, "no code for the transfer of the fee");
            None
        }
    }
}

fn asked(account: &Account, config: &Config, issued: &Issued) -> Result<Asked, TransferError> {
    let product = match config.authority.product {
        Product::ChungThuc => "CT BS",
        Product::SaoY => "SAO Y",
    };
    let device = plain_text(&config.device.id);
    let purpose = format!("{product} {device} {:0NUMBER_DIGITS$}", issued.number);
    let transfer = Transfer { account, amount_vnd: issued.fee_vnd, purpose: &purpose };
    Ok(Asked { code: transfer.code()?, purpose })
}

/// Whether a device's name is too long for the purpose of a transfer.
pub fn device_too_long(id: &str) -> bool {
    plain_text(id).len() > DEVICE_CHARS_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_with_the_longest_name_and_number_still_fits_a_purpose() {
        let id = "K".repeat(DEVICE_CHARS_MAX);
        assert!(!device_too_long(&id) && device_too_long(&format!("{id}1")));
        assert!(!device_too_long("HN01-K03"));
        let purpose = format!("CT BS {id} {:0NUMBER_DIGITS$}", 999_999);
        assert_eq!(purpose.len(), PURPOSE_CHARS_MAX);
    }
}
