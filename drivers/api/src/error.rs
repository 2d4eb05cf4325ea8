//! What can go wrong with a device, in words for the technician.

/// The kind of trouble, independent of the protocol that reported it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing answers at the configured address, node or slot.
    Absent,
    /// Someone else holds the device.
    Busy,
    /// Paper is jammed (SANE_STATUS_JAMMED).
    Jammed,
    /// The feeder or glass has no paper (SANE_STATUS_NO_DOCS).
    NoPaper,
    /// A cover is open (SANE_STATUS_COVER_OPEN).
    CoverOpen,
    /// The device did not answer within its limit.
    Timeout,
    /// The operation was cancelled by the person or the kiosk.
    Cancelled,
    /// The device refuses this user, host or operation.
    Denied,
    /// The PIN is wrong (CKR_PIN_INCORRECT).
    PinIncorrect,
    /// No card lies on the reader.
    NoCard,
    /// The token has locked its PIN (CKR_PIN_LOCKED).
    PinLocked,
    /// The device was there and is gone (CKR_TOKEN_NOT_PRESENT, CKR_DEVICE_REMOVED).
    Removed,
    /// The device is there but lacks what the configuration names (a key, an option).
    Misconfigured,
    /// The device sent something its protocol does not allow, or more than our limits.
    Protocol,
    /// A code reader sent bytes or keys that make no text; the next code may be well.
    Garbled,
    /// A code reader sent more than any code holds; the next code may be well.
    TooLong,
    /// The image is truncated, undecodable or too small to be a page; the device itself is well.
    BadPage,
    /// The camera's picture is black or stands still; the device itself answers.
    NoPicture,
    /// A printer has no paper left.
    PaperOut,
    /// The knife of a ticket printer is stuck.
    Cutter,
    /// A printer has no ink or toner left.
    NoInk,
    /// The printer says that it is not ready, and not why.
    Offline,
    /// Any other failure of transport or device.
    Io,
}

impl Fault {
    /// What a technician should do now. One sentence.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Absent => "check power and cable, then the device's address in the board file",
            Self::Busy => "stop the other program that uses the device, or wait and try again",
            Self::Jammed => {
                "open the device, take out the jammed sheet, close it and scan or print it again"
            }
            Self::NoPaper => "lay the page on the glass or in the feeder",
            Self::CoverOpen => "close the cover",
            Self::Timeout => {
                "check the cable and whether the device shows an error; power-cycle it"
            }
            Self::Cancelled => "start the operation again",
            Self::Denied => "check the access list of the device service (saned.conf, udev rules)",
            Self::PinIncorrect => "enter the PIN again; several wrong PINs in a row lock the token",
            Self::NoCard => {
                "lay the card on the reader and leave it there until the screen says so"
            }
            Self::PinLocked => "have the token's issuer unlock it with the PUK or SO PIN",
            Self::Removed => "insert the token or card again and repeat the operation",
            Self::Misconfigured => "compare the board and site files with what the device offers",
            Self::Protocol => {
                "update the device firmware or service; keep the log for the maintainer"
            }
            Self::Garbled => {
                "hold the code before the reader again; set the reader to UTF-8 on a serial line, \
                 or to a US keyboard"
            }
            Self::TooLong => {
                "hold one code before the reader; let the reader end each code with CR"
            }
            Self::BadPage => "lay the page again, or give a whole PNG, JPEG, PNM or PDF file",
            Self::NoPicture => {
                "take the cover off the lens, clean it, then plug the camera in anew"
            }
            Self::PaperOut => "put in paper (a new roll: print side outwards), close the cover",
            Self::Cutter => {
                "switch the printer off, free the knife by its wheel or lever, switch it on"
            }
            Self::NoInk => "change the cartridge that the printer's display names",
            Self::Offline => "look at the printer's lamps and display; switch it off and on",
            Self::Io => "check the cable; if it happens again, replace the device",
        }
    }
}

/// A failure of one device: which, what kind, and the detail its protocol gave.
///
/// The detail never carries personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{device}: {fault:?}: {detail}")]
pub struct DeviceError {
    /// The device as the board file names it.
    pub device: String,
    /// The kind of trouble.
    pub fault: Fault,
    /// What the device or its protocol said.
    pub detail: String,
}

impl DeviceError {
    /// An error of `device` with its detail.
    pub fn new(device: impl Into<String>, fault: Fault, detail: impl Into<String>) -> Self {
        Self { device: device.into(), fault, detail: detail.into() }
    }

    /// What a technician should do now.
    pub const fn hint(&self) -> &'static str {
        self.fault.hint()
    }
}
