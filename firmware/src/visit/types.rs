//! The words the visit and the engine speak with each other.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::deferring::{Appointment, Deferral};
use super::face::FaceOutcome;
use super::feedback::Feedback;
use super::rescanning::{Rescan, RescanRequest};
use crate::steps::check::Finding;

/// A visit's identity: 128 random bits, in hex.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VisitId(pub String);

/// A page of the visit, numbered in the order of scanning. Dropped pages leave gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PageId(pub u32);

/// What the reader thinks the paper is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KindFact {
    /// Id of the document table, `other` when unsure.
    pub id: String,
    /// Vietnamese name.
    pub vi: String,
    /// English name.
    pub en: String,
    /// 0..1.
    pub score: f32,
}

/// What is known of the visit. No images and no personal data: those stay with the engine.
#[derive(Debug, Clone, PartialEq)]
pub struct Dossier {
    /// The visit.
    pub visit: VisitId,
    /// When it began.
    pub began: OffsetDateTime,
    /// Copies asked for.
    pub copies: u32,
    /// The pages taken, in order, and whether each has been read.
    pub pages: Vec<(PageId, bool)>,
    /// The next page's id.
    pub next_page: PageId,
    /// What the paper is, as the reader sees it; known after checking.
    pub kind: Option<KindFact>,
    /// What it is as the officer sees it, where that is something else.
    pub kind_set: Option<KindFact>,
    /// What the refusal rules found.
    pub findings: Vec<Finding>,
    /// Whether an identity card was read.
    pub card_read: bool,
    /// What came of the card's chip.
    pub chip: Option<ChipOutcome>,
    /// What the face step says.
    pub face: Option<FaceOutcome>,
    /// How often faces were compared.
    pub face_tries: u8,
    /// The page that the officer asked for again, until the case is back.
    pub rescan: Option<Rescan>,
    /// How often the officer asked.
    pub rescans: u8,
    /// Whether the person said how the service was.
    pub feedback_given: bool,
    /// What the person should hear now besides the state's own sentence.
    pub say: Option<Say>,
    /// The last trouble, for the technician.
    pub trouble: Option<Trouble>,
}

impl Dossier {
    /// What the paper counts as: the officer's word goes before the reader's.
    pub fn kind_in_force(&self) -> Option<&KindFact> {
        self.kind_set.as_ref().or(self.kind.as_ref())
    }

    /// Looks at the rules again, for the kind that the officer set if there is one.
    pub(super) fn check_again(&self) -> Effect {
        self.kind_set.as_ref().map_or(Effect::Check, |kind| Effect::CheckAs(kind.id.clone()))
    }

    /// Whether every page taken has been read.
    pub fn all_read(&self) -> bool {
        self.pages.iter().all(|(_, read)| *read)
    }
}

/// What can come of the chip of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChipOutcome {
    /// Files and chip are the issuer's.
    Genuine,
    /// The files are the issuer's; the chip has no means to prove that it is no copy.
    FilesOnly,
    /// It was read, and no trusted issuer that is in force stands behind it.
    IssuerUnknown,
    /// Something speaks against it.
    Suspected(ChipSuspicion),
    /// It was not read.
    NotRead(ChipGap),
}

/// What speaks against a chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChipSuspicion {
    /// Its files are not those that were signed.
    Altered,
    /// Its signer's certificate was revoked.
    Revoked,
    /// It cannot show the private key of the chip that it says it is.
    Copied,
}

/// Why a chip was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChipGap {
    /// This kiosk has no reader for it.
    NoReader,
    /// No card was laid on the reader.
    NoCard,
    /// The card left the reader too early.
    Removed,
    /// The chip did not take what is printed on the card.
    KeyRefused,
    /// The chip or the reader did not answer in time.
    Silent,
    /// The reader is missing or failed.
    Reader,
    /// What the chip said cannot be understood.
    Unreadable,
}

impl ChipOutcome {
    /// The code in the journal and in the words file.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Genuine => "genuine",
            Self::FilesOnly => "files_only",
            Self::IssuerUnknown => "issuer_unknown",
            Self::Suspected(ChipSuspicion::Altered) => "suspected_altered",
            Self::Suspected(ChipSuspicion::Revoked) => "suspected_revoked",
            Self::Suspected(ChipSuspicion::Copied) => "suspected_copied",
            Self::NotRead(ChipGap::NoReader) => "not_read_no_reader",
            Self::NotRead(ChipGap::NoCard) => "not_read_no_card",
            Self::NotRead(ChipGap::Removed) => "not_read_removed",
            Self::NotRead(ChipGap::KeyRefused) => "not_read_key_refused",
            Self::NotRead(ChipGap::Silent) => "not_read_silent",
            Self::NotRead(ChipGap::Reader) => "not_read_reader",
            Self::NotRead(ChipGap::Unreadable) => "not_read_unreadable",
        }
    }

    /// All outcomes.
    pub const ALL: [Self; 13] = [
        Self::Genuine,
        Self::FilesOnly,
        Self::IssuerUnknown,
        Self::Suspected(ChipSuspicion::Altered),
        Self::Suspected(ChipSuspicion::Revoked),
        Self::Suspected(ChipSuspicion::Copied),
        Self::NotRead(ChipGap::NoReader),
        Self::NotRead(ChipGap::NoCard),
        Self::NotRead(ChipGap::Removed),
        Self::NotRead(ChipGap::KeyRefused),
        Self::NotRead(ChipGap::Silent),
        Self::NotRead(ChipGap::Reader),
        Self::NotRead(ChipGap::Unreadable),
    ];
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Time went by.
    Tick,
    /// Nobody stands before the kiosk any more, for as long as the board file says.
    PersonLeft,
    /// The battery ends, and the time for visits in progress is over.
    PowerEnds(Trouble),
    /// An officer put on record that the fee of a copy was taken, or that it is due after all.
    FeeSettled {
        /// The copy's book.
        book: String,
        /// Its number in it.
        number: u32,
        /// Whether the fee was taken.
        taken: bool,
    },
    /// A person asked for something.
    Wish(Wish),
    /// An effect of this visit is done.
    Answer(VisitId, Answer),
}

/// What a person asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    /// A citizen begins a visit, with an id drawn by the engine.
    Start {
        /// Identity of the new visit.
        visit: VisitId,
        /// Copies asked for.
        copies: u32,
    },
    /// Scan the next page.
    ScanPage,
    /// Take back the page that was scanned last.
    DropLastPage,
    /// All pages are in.
    PagesDone,
    /// Scan the identity card.
    ScanCard,
    /// No card today: the officer looks at the person's papers.
    SkipCard,
    /// The person consents that the face is compared with the card's portrait.
    CompareFace {
        /// With more time for each step.
        slowly: bool,
    },
    /// The officer shall compare, not the kiosk; also while the kiosk compares.
    SkipFace,
    /// An officer decided and entered a PIN (which travels apart, in the engine).
    Decide(Decision),
    /// An officer promises the copy for later, for which no PIN is needed.
    Defer(Deferral),
    /// An officer says what kind of paper it is, by an id of the document table.
    CorrectKind(String),
    /// An officer asks for pages to be scanned again.
    Rescan(RescanRequest),
    /// The officer does without the page that was asked for.
    WithdrawRescan,
    /// The officer has handed the appointment slip over.
    SlipGiven,
    /// Print the copy again, after it came to nothing.
    PrintAgain,
    /// What the person says of the service.
    Feedback(Feedback),
    /// The person is done or wants to stop.
    End,
}

/// An officer's decision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decision {
    /// The officer, by the id of the site file.
    pub officer: String,
    /// Approve, or refuse with a reason.
    pub verdict: Result<Approval, RefusalReason>,
    /// Whether the officer looked at the kiosk's time and found it right.
    pub confirms_clock: bool,
}

/// An approval, with what the officer corrected.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Approval {
    /// Name of the original for column 4 of the register.
    pub title: String,
    /// Name of the person who asks for the copy, for column 3 of the register; wiped with the
    /// visit.
    #[serde(skip)]
    pub requester: String,
}

/// Why an officer refuses (Decree 23/2015 art. 22, and the kiosk's own reasons).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RefusalReason {
    /// Erased, altered, added or cut content.
    R1,
    /// Damaged or unreadable.
    R2,
    /// Secret, or marked not to be copied.
    R3,
    /// Unlawful content.
    R4,
    /// Foreign paper without consular legalisation.
    R5,
    /// Private paper without confirmation and seal.
    R6,
    /// What was laid on the scanner is itself a copy.
    CopyOfCopy,
    /// The requester cannot be identified.
    Identity,
    /// The original was issued electronically: what was laid on the scanner is a print of it.
    BornDigital,
}

impl RefusalReason {
    /// All reasons, in the order in which an officer sees them.
    pub const ALL: [Self; 9] = [
        Self::R1,
        Self::R2,
        Self::R3,
        Self::R4,
        Self::R5,
        Self::R6,
        Self::CopyOfCopy,
        Self::Identity,
        Self::BornDigital,
    ];

    /// The reason with this code.
    pub fn with_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// The code in the journal and in the words file.
    pub const fn code(self) -> &'static str {
        match self {
            Self::R1 => "R1",
            Self::R2 => "R2",
            Self::R3 => "R3",
            Self::R4 => "R4",
            Self::R5 => "R5",
            Self::R6 => "R6",
            Self::CopyOfCopy => "COPY",
            Self::Identity => "ID",
            Self::BornDigital => "DIGITAL",
        }
    }
}

/// A refusal as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Why.
    pub reason: RefusalReason,
}

/// A copy as it was issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Issued {
    /// Number in the book.
    pub number: u32,
    /// The book.
    pub book: String,
    /// The fee for all copies under the number, in đồng.
    pub fee_vnd: u64,
    /// Why less than the fee of the day is charged; none for the full fee.
    pub fee_waived: Option<String>,
    /// Verification code.
    pub code: String,
    /// SHA-256 of the sealed file, hex.
    pub sha256: String,
    /// The QR's text: address, code, signed digest.
    pub qr: String,
    /// Address at which anyone verifies the copy.
    pub verify_url: String,
    /// Its prints.
    #[serde(skip)]
    pub prints: Prints,
    /// Whether the fee was taken.
    #[serde(skip)]
    pub payment: Payment,
}

/// Where the fee of a copy stands. The copy is issued all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payment {
    /// The copy costs nothing.
    Free,
    /// It is due: no officer has said that it was taken.
    Due,
    /// An officer took it.
    Taken,
}

impl Payment {
    /// Its name for the screens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Due => "due",
            Self::Taken => "taken",
        }
    }
}

/// Where the prints of a copy stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prints {
    /// This kiosk prints none.
    None,
    /// They are being printed, for the n-th time from 1: those of before came to nothing.
    Going(u32),
    /// All are out.
    Out,
    /// They came to nothing; so often they were tried.
    Failed(u32),
}

impl Prints {
    /// What the person is told of them.
    pub const fn say(self) -> Option<Say> {
        match self {
            Self::None => None,
            Self::Going(_) => Some(Say::PrintingCopy),
            Self::Out => Some(Say::TakeCopy),
            Self::Failed(_) => Some(Say::CopyNotPrinted),
        }
    }

    /// Its name for the screens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Going(_) => "going",
            Self::Out => "out",
            Self::Failed(_) => "failed",
        }
    }
}

/// How bad a trouble is for the visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The person can do the same step again.
    Retry,
    /// A technician or administrator is needed.
    Service,
}

/// Something went wrong: a sentence for the citizen, cause and remedy for the technician.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// What the citizen hears.
    pub say: Say,
    /// Which device or part, and what it said. Never personal data.
    pub cause: String,
    /// What the technician should do.
    pub remedy: String,
    /// Whether the same step can be repeated by the person.
    pub severity: Severity,
}

/// What an effect brought.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The kiosk could not number or keep another copy.
    NoRoom(Trouble),
    /// The page was scanned.
    Scanned(PageId),
    /// The page or card could not be scanned.
    ScanFailed(Trouble),
    /// The page was read; `turned` when it lay upside down and was turned.
    Read {
        /// The page.
        page: PageId,
        /// Whether it was turned by half a turn.
        turned: bool,
    },
    /// The page cannot be used (blank, too small, unreadable) and was dropped.
    PageUnusable(PageId, Trouble),
    /// The rules were checked.
    Checked {
        /// What the paper is.
        kind: KindFact,
        /// What was found.
        findings: Vec<Finding>,
    },
    /// The rules were checked for a kind that the officer set.
    CheckedAs {
        /// What the paper is to the reader.
        read: KindFact,
        /// What it is to the officer.
        set: KindFact,
        /// What was found.
        findings: Vec<Finding>,
    },
    /// The rules could not be checked.
    CheckFailed(Trouble),
    /// A card was read; `chip` where a reader for its chip is at hand.
    CardRead {
        /// Whether the chip can be read next.
        chip: bool,
    },
    /// A card's code was held before the barcode reader; `chip` as above.
    CardShown {
        /// Whether the chip can be read next.
        chip: bool,
    },
    /// What was held before the barcode reader is no card's code.
    CodeUnread(Trouble),
    /// What came of the card's chip.
    Chip(ChipOutcome),
    /// The face can be compared, when the person consents.
    FaceReady,
    /// The face step is done.
    Face(FaceOutcome),
    /// The officer's PIN opened the key.
    KeyOpened,
    /// It did not.
    KeyRefused(Trouble),
    /// The copy is durable: number, file, row, journal.
    Certified(Issued),
    /// The refusal is in the journal.
    RefusalRecorded,
    /// The appointment is in the journal, and its slip on the desk.
    Deferred(Appointment),
    /// There is no appointment; nothing is on record.
    DeferFailed(Trouble),
    /// The ticket is out; with a hint for the officer when its roll comes to its end.
    TicketPrinted(Option<Trouble>),
    /// No ticket came out; the screen shows what it would say.
    TicketFailed(Trouble),
    /// All prints of the copy are out.
    CopyPrinted,
    /// They are not; nothing of them comes out later.
    CopyNotPrinted(Trouble),
    /// It could not be certified; number given back, nothing half-signed.
    CertifyFailed(Trouble),
}

/// What the engine must do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Look whether another copy can be numbered and kept; answers `NoRoom` if not, else nothing.
    LookForRoom,
    /// Scan a page; answers `Scanned` or `ScanFailed`.
    ScanPage(PageId),
    /// Read a page; answers `Read` or `PageUnusable`.
    ReadPage(PageId),
    /// Forget a page.
    DropPage(PageId),
    /// Check the rules over all pages; answers `Checked`.
    Check,
    /// Check them as for a paper of this kind; answers `CheckedAs`.
    CheckAs(String),
    /// Scan and decode the identity card; answers `CardRead` or `ScanFailed`.
    ScanCard,
    /// Take the card that was held before the barcode reader; done at once.
    TakeCard,
    /// Wait for the card on the chip reader and read it; answers `Chip`.
    ReadChip,
    /// Look whether a face can be compared; answers `FaceReady`, or `Face` when not.
    LookForFace,
    /// Compare the faces; answers `Face`.
    CompareFace {
        /// With more time for each step.
        slowly: bool,
    },
    /// Record whether the person consented to the comparison of faces; fire and forget.
    RecordConsent(bool),
    /// Record which pages are scanned again, and why; fire and forget.
    RecordRescan {
        /// What the officer asked for.
        request: RescanRequest,
        /// The pages that it comes to.
        pages: Vec<PageId>,
    },
    /// Record what the person says of the service; fire and forget.
    RecordFeedback(Feedback),
    /// Stop looking at the person; done at once.
    StopFace,
    /// Note that paper and request are complete: the time limits of the law begin; done at once.
    NoteReceived,
    /// Open the officer's key with the PIN at hand; answers `KeyOpened` or `KeyRefused`.
    OpenKey(Decision),
    /// Certify under this decision; answers `Certified` or `CertifyFailed`.
    Certify(Decision),
    /// Print the ticket of the copy; answers `TicketPrinted` or `TicketFailed`, or nothing where
    /// there is no printer.
    PrintTicket(Issued),
    /// Print the copy, for the n-th time from 1; answers `CopyPrinted` or `CopyNotPrinted`.
    PrintCopy(Issued, u32),
    /// Record a refusal; answers `RefusalRecorded` or `CertifyFailed`.
    RecordRefusal(Decision, RefusalReason),
    /// Record a refusal by the machine itself: a secret mark (R3). Fire and forget.
    RecordSecretMark,
    /// Promise the copy for later; answers `Deferred` or `DeferFailed`.
    Defer(Deferral),
    /// Wipe everything of the visit but the appointment slip; fire and forget.
    KeepSlip,
    /// Wipe all images, text and identity of the visit; fire and forget.
    Wipe,
}

impl Effect {
    /// Whether it is done before anyone is told that the visit moved on, and answers nothing.
    pub const fn is_done_at_once(&self) -> bool {
        matches!(
            self,
            Self::Wipe
                | Self::KeepSlip
                | Self::DropPage(_)
                | Self::TakeCard
                | Self::StopFace
                | Self::NoteReceived
        )
    }
}

/// A sentence for the citizen, by its id in `screen/words/{vi,en}.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Say {
    /// Welcome.
    Welcome,
    /// Lay the first page.
    LayFirstPage,
    /// Lay the next page, or finish.
    LayNextPage,
    /// The scanner is working.
    Scanning,
    /// The pages are being read.
    Reading,
    /// The paper is being checked.
    Checking,
    /// Lay the identity card.
    LayCard,
    /// Hold the identity card's code before the barcode reader, or lay the card on the glass.
    ShowOrLayCard,
    /// The card is being read.
    Identifying,
    /// Lay the card on the chip reader.
    LayCardOnReader,
    /// May the face be compared?
    AskFace,
    /// Look into the camera.
    FaceLook,
    /// Hold still.
    FaceStill,
    /// Turn the head to the left.
    FaceTurnLeft,
    /// Turn the head to the right.
    FaceTurnRight,
    /// Come closer.
    FaceCloser,
    /// Shut the eyes and open them.
    FaceBlink,
    /// Nobody is seen.
    FaceNotSeen,
    /// Several people are seen.
    FaceSeveral,
    /// The face leaves the picture.
    FaceCutOff,
    /// The picture is blurred.
    FaceBlurred,
    /// There is too little light.
    FaceDark,
    /// There is too much light.
    FaceBright,
    /// The light comes from one side.
    FaceUneven,
    /// Hold the head upright and look straight.
    FaceStraight,
    /// Close the mouth.
    FaceMouth,
    /// Open the eyes.
    FaceEyes,
    /// Something covers the face.
    FaceCovered,
    /// The movement was not seen as asked for.
    FaceMove,
    /// Try again, or leave it to the officer.
    FaceAgain,
    /// The officer is looking at it.
    OfficerLooks,
    /// The officer asks for a page to be scanned again.
    RescanPage,
    /// The page was not laid in time (officer).
    RescanNotDone,
    /// No more scans of this paper can be asked for (officer).
    RescanTooOften,
    /// The officer is confirming.
    OfficerConfirms,
    /// The copy is being made.
    Certifying,
    /// Done.
    Issued,
    /// Take the ticket.
    TakeTicket,
    /// The ticket could not be printed; the screen has it all.
    TicketFailed,
    /// The ticket printer's roll comes to its end (officer).
    TicketPaperLow,
    /// The officer has the fee.
    FeeTaken,
    /// Thanks for the answer.
    FeedbackThanks,
    /// The copy is being printed.
    PrintingCopy,
    /// Take the printed copy.
    TakeCopy,
    /// The copy could not be printed; it is certified all the same.
    CopyNotPrinted,
    /// Refused; the officer explains.
    Refused,
    /// The appointment is being made.
    Deferring,
    /// The copy comes later; the officer hands over a slip.
    Deferred,
    /// No appointment can be made in this way (officer).
    NoAppointment,
    /// The visit has ended; sorry.
    Ended,
    /// The page was upside down; it was turned.
    PageTurned,
    /// The page is blank.
    PageBlank,
    /// The page cannot be read.
    PageUnreadable,
    /// The picture is too small to be a page.
    PageTooSmall,
    /// Paper is jammed.
    ScannerJammed,
    /// There is no paper.
    ScannerEmpty,
    /// The cover is open.
    ScannerOpen,
    /// The scanner does not answer.
    ScannerAbsent,
    /// No code was found on the card.
    CardUnread,
    /// What was held before the barcode reader is no card's code, or was not read.
    CodeUnread,
    /// The paper carries a secret mark.
    SecretMark,
    /// Wrong PIN (officer).
    PinWrong,
    /// Too many wrong PINs (officer).
    PinLocked,
    /// Nobody is signed in at this page (officer).
    SignedOut,
    /// The signing token is missing.
    TokenMissing,
    /// The clock went back; the officer must look at the time.
    ClockBack,
    /// Nothing set the clock; the officer must look at the time.
    ClockUnset,
    /// The officer's delegation is not in force.
    NotDelegated,
    /// The kiosk cannot keep more copies now.
    DiskFull,
    /// No book of this year is open.
    NoBook,
    /// The battery ends; the kiosk switches itself off.
    PowerLow,
    /// The cabinet was opened; a technician must look at it.
    CabinetOpened,
    /// Something inside failed.
    Internal,
    /// Nobody touched the screen for a while.
    TimedOut,
    /// Too many pages.
    TooManyPages,
    /// The last page was taken back.
    PageDropped,
}
