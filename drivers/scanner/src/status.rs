//! SANE status codes (SANE standard 1.06, 4.2.7) and the faults they mean.

use drivers_api::Fault;

/// A status word of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Status(pub(crate) u32);

impl Status {
    pub(crate) const GOOD: Self = Self(0);
    pub(crate) const EOF: Self = Self(5);

    pub(crate) const fn name(self) -> &'static str {
        match self.0 {
            0 => "SANE_STATUS_GOOD",
            1 => "SANE_STATUS_UNSUPPORTED",
            2 => "SANE_STATUS_CANCELLED",
            3 => "SANE_STATUS_DEVICE_BUSY",
            4 => "SANE_STATUS_INVAL",
            5 => "SANE_STATUS_EOF",
            6 => "SANE_STATUS_JAMMED",
            7 => "SANE_STATUS_NO_DOCS",
            8 => "SANE_STATUS_COVER_OPEN",
            9 => "SANE_STATUS_IO_ERROR",
            10 => "SANE_STATUS_NO_MEM",
            11 => "SANE_STATUS_ACCESS_DENIED",
            _ => "an unknown status",
        }
    }

    /// The fault a status means. A start that meets the end of the data has no page to give, and an
    /// invalid value is one of ours: a device name or an option that the device does not know.
    pub(crate) const fn fault(self) -> Fault {
        match self.0 {
            1 | 4 => Fault::Misconfigured,
            2 => Fault::Cancelled,
            3 => Fault::Busy,
            5 | 7 => Fault::NoPaper,
            6 => Fault::Jammed,
            8 => Fault::CoverOpen,
            11 => Fault::Denied,
            0 | 9 | 10 => Fault::Io,
            _ => Fault::Protocol,
        }
    }
}
