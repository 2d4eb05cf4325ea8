//! What a PKCS#11 return value means for the person at the kiosk (PKCS#11 2.40, 5.1).

use cryptoki::error::{Error, RvError};
use drivers_api::Fault;

/// Why a token cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("{step}: {}", short(.source))]
    Call { step: &'static str, source: Error },
    #[error("load the module")]
    Load(#[source] Error),
    #[error("no token of that label is present")]
    Absent,
    #[error("{0} tokens have that label")]
    Ambiguous(usize),
    #[error("no private key of that label")]
    NoKey,
    #[error("{0} private keys have that label")]
    ManyKeys(usize),
    #[error("no certificate belongs to the key")]
    NoCertificate,
    #[error("the key is neither RSA nor on P-256")]
    KeyKind,
    #[error("the PIN differs from the one the token is open with")]
    OtherPin,
    #[error("the system gave no random bytes")]
    Random,
    #[error("the token's signature is {0} bytes long")]
    SignatureLength(usize),
}

impl TokenError {
    pub(crate) fn call(step: &'static str) -> impl FnOnce(Error) -> Self {
        move |source| Self::Call { step, source }
    }

    pub(crate) fn fault(&self) -> Fault {
        match self {
            Self::Call { source: Error::Pkcs11(value, _), .. } => of_return_value(value),
            Self::Call { .. } | Self::SignatureLength(_) => Fault::Protocol,
            Self::Random => Fault::Io,
            Self::Absent => Fault::Removed,
            Self::OtherPin => Fault::PinIncorrect,
            Self::Load(_)
            | Self::Ambiguous(_)
            | Self::NoKey
            | Self::ManyKeys(_)
            | Self::NoCertificate
            | Self::KeyKind => Fault::Misconfigured,
        }
    }
}

/// Handles that were good when the session opened go bad only when the token was out: it then has
/// forgotten its sessions, its login and its objects. SoftHSM says OBJECT_HANDLE_INVALID or
/// GENERAL_ERROR when its folder is moved away; card modules say DEVICE_REMOVED or
/// SESSION_HANDLE_INVALID.
fn of_return_value(value: &RvError) -> Fault {
    match value {
        RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange => Fault::PinIncorrect,
        RvError::PinLocked => Fault::PinLocked,
        RvError::PinExpired | RvError::UserPinNotInitialized => Fault::Denied,
        RvError::DeviceRemoved
        | RvError::TokenNotPresent
        | RvError::TokenNotRecognized
        | RvError::SlotIdInvalid
        | RvError::SessionClosed
        | RvError::SessionHandleInvalid
        | RvError::ObjectHandleInvalid
        | RvError::KeyHandleInvalid
        | RvError::UserNotLoggedIn
        | RvError::GeneralError => Fault::Removed,
        RvError::SessionCount | RvError::UserAnotherAlreadyLoggedIn => Fault::Busy,
        RvError::MechanismInvalid
        | RvError::KeyTypeInconsistent
        | RvError::KeyFunctionNotPermitted
        | RvError::KeySizeRange => Fault::Misconfigured,
        RvError::FunctionCanceled | RvError::Cancel => Fault::Cancelled,
        _ => Fault::Io,
    }
}

/// The name of the return value and of the call; the library's own words are paragraphs of the
/// standard.
fn short(error: &Error) -> String {
    match error {
        Error::Pkcs11(value, function) => format!("{value:?} from {function:?}"),
        other => other.to_string(),
    }
}
