//! What a check found: whether all is well, else by which name the fault is known and what to do.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// What is checked.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// The daemon itself.
    Daemon,
    /// The document scanner.
    Scanner,
    /// The reader for the chip of identity cards.
    ChipReader,
    /// The reader of codes that are held before it.
    BarcodeReader,
    /// The camera before the person.
    Camera,
    /// The printer of tickets.
    TicketPrinter,
    /// The printer of copies.
    CopyPrinter,
    /// The cabinet's switches and lamps, and whether it was opened.
    Cabinet,
    /// Keys, their tokens and certificates, and the PINs that the kiosk holds.
    Keys,
    /// What stands behind the clock.
    Clock,
    /// The source of power.
    Power,
    /// What speaks the screen's words.
    Speech,
    /// Room on the disk.
    Space,
    /// The journal and the sealed copies.
    Journal,
    /// The register book.
    Book,
    /// The copies on their way to the registry.
    Outbox,
    /// The page reader: its weights, and a page read with them.
    PageReader,
    /// The face models: their digests, and a picture looked at with them.
    FaceModels,
    /// The way to the registry, and its certificate.
    Registry,
}

/// How a check ended, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// All is well.
    Ok,
    /// There was nothing to check, or a visit needs it now.
    Skipped,
    /// The kiosk works, but a person should see to it.
    Warn,
    /// Something that the kiosk needs does not work.
    Fail,
}

/// Lists every fault once: variant, name, verdict.
macro_rules! faults {
    ($($(#[$doc:meta])+ $variant:ident, $name:literal, $verdict:ident;)+) => {
        /// A fault, by the name of its section in `docs/checks.md`. The names are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum FaultId {
            $($(#[$doc])+ #[serde(rename = $name)] $variant,)+
        }

        impl FaultId {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// How bad it is.
            pub const fn verdict(self) -> Verdict {
                match self { $(Self::$variant => Verdict::$verdict),+ }
            }
        }
    };
}

faults! {
    /// A process holds the kiosk's state, and its pages do not answer.
    DaemonSilent, "daemon-silent", Fail;
    /// A check did not come to its end.
    CheckUnfinished, "check-unfinished", Warn;
    /// Nothing answers where the board file says that the scanner is.
    ScannerMissing, "scanner-missing", Fail;
    /// Another program holds the scanner.
    ScannerInUse, "scanner-in-use", Warn;
    /// The scanner answers, and not as it should.
    ScannerFaulty, "scanner-faulty", Fail;
    /// No card reader is there, or its service does not run.
    ChipReaderMissing, "chip-reader-missing", Warn;
    /// The card reader answers, and not as it should.
    ChipReaderFaulty, "chip-reader-faulty", Warn;
    /// No barcode reader is at its node.
    BarcodeReaderMissing, "barcode-reader-missing", Warn;
    /// Another program has the barcode reader.
    BarcodeReaderInUse, "barcode-reader-in-use", Warn;
    /// The barcode reader's node is there, and is not a reader's or cannot be used.
    BarcodeReaderFaulty, "barcode-reader-faulty", Warn;
    /// No camera is at its node.
    CameraMissing, "camera-missing", Warn;
    /// Another program has the camera.
    CameraInUse, "camera-in-use", Warn;
    /// The camera answers, and not as it should.
    CameraFaulty, "camera-faulty", Warn;
    /// No ticket printer is there.
    TicketPrinterMissing, "ticket-printer-missing", Warn;
    /// The ticket printer has no paper.
    TicketPaperOut, "ticket-paper-out", Warn;
    /// The ticket printer's roll comes to its end.
    TicketPaperLow, "ticket-paper-low", Warn;
    /// The ticket printer's cover is open.
    TicketCoverOpen, "ticket-cover-open", Warn;
    /// The ticket printer answers, and not as it should.
    TicketPrinterFaulty, "ticket-printer-faulty", Warn;
    /// The printer of copies does not answer at its address.
    CopyPrinterMissing, "copy-printer-missing", Warn;
    /// The printer of copies has no paper.
    CopyPaperOut, "copy-paper-out", Warn;
    /// The printer of copies answers, and cannot print now.
    CopyPrinterFaulty, "copy-printer-faulty", Warn;
    /// The panel with the cabinet's switches is not there.
    PanelMissing, "panel-missing", Warn;
    /// A line of the panel cannot be had or does not answer.
    PanelFaulty, "panel-faulty", Warn;
    /// The cabinet was opened: nothing is signed.
    CabinetOpened, "cabinet-opened", Fail;
    /// The token of the seal or of the device is not there.
    KeyMissing, "key-missing", Fail;
    /// The PIN that the kiosk holds cannot be read.
    KeyPinUnreadable, "key-pin-unreadable", Fail;
    /// A certificate has ended.
    CertificateEnded, "certificate-ended", Fail;
    /// A certificate ends within two months.
    CertificateEndsSoon, "certificate-ends-soon", Warn;
    /// A certificate is not valid yet.
    CertificateNotYetValid, "certificate-not-yet-valid", Fail;
    /// A certificate leads to no trusted root.
    CertificateUntrusted, "certificate-untrusted", Fail;
    /// A certificate was revoked.
    CertificateRevoked, "certificate-revoked", Fail;
    /// The file of trusted roots cannot be used.
    RootsUnusable, "roots-unusable", Fail;
    /// Nothing set the clock since the start.
    ClockUnset, "clock-unset", Fail;
    /// No time service reaches the clock.
    ClockFree, "clock-free", Warn;
    /// The system does not say what stands behind its clock.
    ClockUnknown, "clock-unknown", Warn;
    /// The battery is low.
    BatteryLow, "battery-low", Warn;
    /// The battery ends within minutes.
    BatteryEnds, "battery-ends", Fail;
    /// The source of power cannot be told.
    PowerUnknown, "power-unknown", Warn;
    /// The kiosk has no voice.
    SpeechMissing, "speech-missing", Warn;
    /// Less is free than the reserve: no visit begins.
    SpaceOut, "space-out", Fail;
    /// Less than twice the reserve is free.
    SpaceLow, "space-low", Warn;
    /// How much is free cannot be told.
    SpaceUnknown, "space-unknown", Fail;
    /// No journal is there.
    JournalMissing, "journal-missing", Warn;
    /// The journal is damaged or cannot be read.
    JournalDamaged, "journal-damaged", Fail;
    /// A sealed copy is missing or changed.
    CopiesDamaged, "copies-damaged", Fail;
    /// Files lie among the copies that no record explains.
    CopiesUnexplained, "copies-unexplained", Warn;
    /// No book is open for copies of today.
    BookNotOpen, "book-not-open", Fail;
    /// The registry refused a copy.
    CopyRejected, "copy-rejected", Warn;
    /// A copy has waited for the registry for days.
    CopyWaitsLong, "copy-waits-long", Warn;
    /// The page reader does not open or does not read.
    PageReaderFailed, "page-reader-failed", Fail;
    /// The face models are not there, or are not those that were examined.
    FaceModelsFailed, "face-models-failed", Warn;
    /// The registry does not answer.
    RegistryUnreachable, "registry-unreachable", Warn;
    /// What answers in the registry's place cannot prove that it is the registry.
    RegistryUntrusted, "registry-untrusted", Fail;
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was checked.
    pub subject: Subject,
    /// How it ended.
    pub verdict: Verdict,
    /// The fault, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<FaultId>,
    /// What was seen: the thing that answered, or the cause.
    pub detail: String,
    /// What to do, where there is something to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Finding {
    /// All is well.
    pub fn ok(subject: Subject, detail: impl Into<String>) -> Self {
        Self { subject, verdict: Verdict::Ok, id: None, detail: detail.into(), remedy: None }
    }

    /// Nothing was checked, and why.
    pub fn skipped(subject: Subject, why: impl Into<String>) -> Self {
        Self { verdict: Verdict::Skipped, ..Self::ok(subject, why) }
    }

    /// A fault, its cause, and what to do.
    pub fn fault(
        subject: Subject,
        id: FaultId,
        cause: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let (verdict, detail) = (id.verdict(), cause.into());
        Self { subject, verdict, id: Some(id), detail, remedy: Some(remedy.into()) }
    }
}

/// All that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The device, as its certificate names it.
    pub device: String,
    /// Version of the program that looked.
    pub version: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Whether the running daemon looked, or the command itself.
    pub by_daemon: bool,
    /// What was found, in the order of the subjects.
    pub findings: Vec<Finding>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The pages of all faults, in the documents of the repository.
    const PAGES: &str = include_str!("../../../docs/checks.md");

    #[test]
    fn every_fault_has_its_page_and_every_page_its_fault() {
        let pages: Vec<_> = PAGES.split("\n## ").skip(1).collect();
        let named: BTreeSet<_> = pages.iter().filter_map(|page| page.lines().next()).collect();
        let known: BTreeSet<_> = FaultId::ALL.iter().map(|id| id.name()).collect();
        assert_eq!(named, known);
        assert_eq!(pages.len(), known.len(), "a page is there twice");
        for page in pages {
            assert!(page.contains("**Means:**") && page.contains("**Do:**"), "{page}");
        }
    }

    #[test]
    fn the_names_of_faults_are_the_same_everywhere() {
        for id in FaultId::ALL {
            let written = serde_json::to_value(id).expect("a name");
            assert_eq!(written, id.name());
            assert!(id.name().chars().all(|c| c.is_ascii_lowercase() || c == '-'));
            assert!(id.verdict() >= Verdict::Warn, "{id:?} is no fault");
        }
    }
}
