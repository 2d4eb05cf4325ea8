//! Devices, reader, tokens and sealer that fail as chance will have it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use drivers_api::{
    ClockGauge, ClockState, CodeReader, CopyPrinter, DeviceError, Fault, KeyAlgorithm, Pin,
    PixelFormat, Raster, ScanSettings, Scanner, SigningSession, Token, Turn,
};
use formats_copy::CopyRequest;
use kiosk::desk::KeptPage;
use kiosk::random::Random;
use kiosk::steps::certify::{Sealed, Sealer};
use kiosk::steps::face::{FaceFinding, FaceStep, Guide, Portraits};
use kiosk::steps::picture::Picture;
use kiosk::steps::read::PageReader;
use kiosk::visit::{FaceGap, FaceOutcome, FaceResult, Say, Severity, Trouble as VisitTrouble};
use models::{Line, PageReading, Word};
use sha2::{Digest, Sha256};

use crate::chaos::{Chaos, Trouble};
use crate::copy;

/// The one right PIN.
pub const PIN: &str = "246810";
/// A page's side in pixels: the smallest that counts as a page, so that runs are quick.
const SIDE: u32 = 8;
/// Message of simulated crashes, which the panic hook passes over.
pub const CRASH: &str = "a simulated crash";

const SCANNER_FAULTS: [Fault; 7] = [
    Fault::Jammed,
    Fault::NoPaper,
    Fault::CoverOpen,
    Fault::Busy,
    Fault::Timeout,
    Fault::Absent,
    Fault::BadPage,
];
const TOKEN_FAULTS: [Fault; 5] =
    [Fault::Absent, Fault::Removed, Fault::PinLocked, Fault::Timeout, Fault::Io];

/// A scanner with a sheet on it.
pub struct SimScanner(pub Chaos);

impl Scanner for SimScanner {
    fn scan_page(&mut self, settings: &ScanSettings) -> Result<Raster, DeviceError> {
        if self.0.strikes(Trouble::Scanner) {
            return Err(DeviceError::new("scanner", self.0.pick(&SCANNER_FAULTS), "simulated"));
        }
        let data = vec![255; (SIDE * SIDE) as usize];
        Raster::new(SIDE, SIDE, PixelFormat::Gray8, settings.dpi, data)
            .map_err(|error| DeviceError::new("scanner", Fault::BadPage, error.to_string()))
    }

    fn probe(&mut self) -> Result<String, DeviceError> {
        Ok("simulated scanner".into())
    }
}

/// A gauge of a clock that a time service reaches now and then.
pub struct SimGauge(pub Chaos);

impl ClockGauge for SimGauge {
    fn read(&mut self) -> Result<ClockState, DeviceError> {
        let synchronised = ClockState::Synchronised { error_max: Duration::from_millis(5) };
        match self.0.below(8) {
            0 => Err(DeviceError::new("clock gauge", Fault::Io, "simulated")),
            1 => Ok(ClockState::Unset),
            2 => Ok(ClockState::Free),
            _ => Ok(synchronised),
        }
    }
}

const PRINTER_FAULTS: [Fault; 5] =
    [Fault::PaperOut, Fault::Jammed, Fault::CoverOpen, Fault::Absent, Fault::Timeout];

/// What lies in a printer's tray: SHA-256 of each copy, as often as it came out.
pub type Tray = Arc<Mutex<Vec<String>>>;

/// A printer of copies.
pub struct SimPrinter {
    /// Chance.
    pub chaos: Chaos,
    /// Where its paper goes.
    pub tray: Tray,
}

impl CopyPrinter for SimPrinter {
    fn print(&mut self, pdf: &[u8], _copies: u32) -> Result<(), DeviceError> {
        let strikes = self.chaos.strikes(Trouble::Printer);
        // The way to the printer may break when the paper is out already.
        if !strikes || self.chaos.one_in(2) {
            let mut tray = self.tray.lock().unwrap_or_else(PoisonError::into_inner);
            tray.push(hex::encode(Sha256::digest(pdf)));
        }
        if strikes {
            return Err(DeviceError::new("printer", self.chaos.pick(&PRINTER_FAULTS), "simulated"));
        }
        Ok(())
    }

    fn probe(&mut self) -> Result<String, DeviceError> {
        Ok("simulated printer".into())
    }
}

/// A code reader that sees an identity card of nobody, or nothing.
pub struct SimCodes(pub Chaos);

impl CodeReader for SimCodes {
    fn read(&mut self, _: &Raster) -> Result<Vec<String>, DeviceError> {
        if self.0.strikes(Trouble::Codes) {
            return Err(DeviceError::new("codes", Fault::Io, "simulated"));
        }
        if self.0.one_in(4) {
            return Ok(vec![]);
        }
        let card = "001099000001||Nguyễn Văn Thử|01011999|Nam|Hà Nội|01012022";
        Ok(vec![card.into()])
    }
}

/// A reader that finds a decision on each page, now and then a secrecy mark.
pub struct SimReader(pub Chaos);

impl PageReader for SimReader {
    fn read(&self, raster: Raster) -> Result<KeptPage, VisitTrouble> {
        if self.0.strikes(Trouble::ReaderCrash) {
            crash();
        }
        if self.0.strikes(Trouble::Reader) {
            return Err(trouble(self.0.pick(&[Say::PageBlank, Say::PageUnreadable])));
        }
        let mut lines = vec![line("QUYẾT ĐỊNH", 100.0), line("Về việc thử nghiệm", 200.0)];
        if self.0.one_in(40) {
            lines.push(line("TUYỆT MẬT", 300.0));
        }
        let reading = PageReading {
            width: raster.width(),
            height: raster.height(),
            dpi: raster.dpi(),
            sheet: None,
            turn: if self.0.one_in(20) { Turn::Half } else { Turn::None },
            skew_degrees: 0.0,
            lines,
            confidence: 0.9,
            ink: 0.05,
            blank: false,
            sharpness: 150.0,
            seals: vec![],
            signatures: vec![],
        };
        let small = Picture::small(&raster).map_err(|_| trouble(Say::Internal))?;
        let picture = Picture::from_jpeg(raster.data().to_vec(), &raster);
        Ok(KeptPage { picture, small, reading })
    }
}

/// A camera and models that find whatever chance has in store.
pub struct SimFace {
    chaos: Chaos,
    guide: tokio::sync::watch::Sender<Guide>,
}

impl SimFace {
    /// With its chance.
    pub fn new(chaos: Chaos) -> Self {
        Self { chaos, guide: tokio::sync::watch::Sender::default() }
    }
}

impl FaceStep for SimFace {
    fn ready(&self) -> Result<(), FaceGap> {
        if self.chaos.strikes(Trouble::Camera) { Err(FaceGap::Camera) } else { Ok(()) }
    }

    fn portraits(&self, card: &Raster) -> Vec<Raster> {
        if self.chaos.one_in(5) { vec![] } else { vec![card.clone()] }
    }

    fn compare(
        &self,
        _: Portraits,
        _: bool,
        _: &dyn Random,
        wanted: &dyn Fn() -> bool,
    ) -> FaceFinding {
        if !wanted() {
            return FaceFinding::gap(FaceGap::Declined);
        }
        if self.chaos.strikes(Trouble::Camera) {
            let gaps = [FaceGap::Camera, FaceGap::Blind, FaceGap::Nobody, FaceGap::Failed];
            return FaceFinding::gap(self.chaos.pick(&gaps));
        }
        let outcome = FaceOutcome::Compared(FaceResult {
            matches: !self.chaos.one_in(4),
            live: !self.chaos.one_in(4),
            printed: true,
            score: 780,
            threshold: 748,
            liveness: 600,
            frames: 5,
            advice: None,
        });
        FaceFinding { outcome, reasons: vec![], model: Some("sim 1".into()) }
    }

    fn guide(&self) -> tokio::sync::watch::Receiver<Guide> {
        self.guide.subscribe()
    }
}

fn line(text: &str, y: f32) -> Line {
    let word = |(i, word): (usize, &str)| {
        let x = 100.0 * i as f32;
        let quad = [[x, y], [x + 90.0, y], [x + 90.0, y + 40.0], [x, y + 40.0]];
        Word { text: word.to_owned(), quad, confidence: 0.9, letters: vec![] }
    };
    Line { words: text.split(' ').enumerate().map(word).collect() }
}

/// A token with one key that is known by a name.
pub struct SimToken {
    /// Chance.
    pub chaos: Chaos,
    /// Whose key it is.
    pub name: String,
}

impl Token for SimToken {
    fn open(&mut self, pin: &Pin) -> Result<Box<dyn SigningSession>, DeviceError> {
        if pin.expose() != PIN {
            return Err(DeviceError::new("token", Fault::PinIncorrect, "simulated"));
        }
        fail_now_and_then(&self.chaos)?;
        let chain = vec![self.name.clone().into_bytes()];
        Ok(Box::new(SimSession { chaos: self.chaos.clone(), chain }))
    }

    fn probe(&mut self) -> Result<String, DeviceError> {
        fail_now_and_then(&self.chaos)?;
        Ok("simulated token".into())
    }

    fn certificates(&mut self) -> Result<Vec<Vec<u8>>, DeviceError> {
        fail_now_and_then(&self.chaos)?;
        Ok(vec![self.name.clone().into_bytes()])
    }
}

fn fail_now_and_then(chaos: &Chaos) -> Result<(), DeviceError> {
    if chaos.strikes(Trouble::Token) {
        return Err(DeviceError::new("token", chaos.pick(&TOKEN_FAULTS), "simulated"));
    }
    Ok(())
}

struct SimSession {
    chaos: Chaos,
    chain: Vec<Vec<u8>>,
}

impl SigningSession for SimSession {
    fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    fn algorithm(&self) -> KeyAlgorithm {
        KeyAlgorithm::EcdsaP256Sha256
    }

    fn sign_digest(&mut self, digest: &[u8; 32]) -> Result<Vec<u8>, DeviceError> {
        fail_now_and_then(&self.chaos)?;
        Ok(copy::signature(&self.chain[0], digest))
    }
}

/// Makes small files that carry what a copy says and two signatures.
pub struct SimSealer(pub Chaos);

impl Sealer for SimSealer {
    fn seal(
        &self,
        request: &CopyRequest,
        _officer: &str,
        officer_key: &mut dyn SigningSession,
        seal_key: &mut dyn SigningSession,
    ) -> Result<Sealed, VisitTrouble> {
        if self.0.strikes(Trouble::SealCrash) {
            crash();
        }
        if self.0.strikes(Trouble::Seal) {
            return Err(trouble(Say::Internal));
        }
        let filler = match self.0.below(20) {
            0 => 300_000 + self.0.below(200_000),
            1 | 2 => 100_000,
            _ => self.0.below(20_000),
        };
        let digest = copy::digest(request, filler);
        let sign = |key: &mut dyn SigningSession| {
            key.sign_digest(&digest).map_err(|error| kiosk::steps::decide::token_trouble(&error))
        };
        let signatures = [sign(officer_key)?, sign(seal_key)?];
        Ok(copy::sealed(request, filler, &signatures))
    }

    fn slip(&self, slip: &formats_book::Slip) -> Result<Vec<u8>, VisitTrouble> {
        if self.0.strikes(Trouble::Seal) {
            return Err(trouble(Say::Internal));
        }
        Ok(slip.number.clone().into_bytes())
    }
}

#[expect(clippy::panic, reason = "the crash of a part is what is simulated")]
fn crash() -> ! {
    panic!("{CRASH}")
}

fn trouble(say: Say) -> VisitTrouble {
    VisitTrouble {
        say,
        cause: "simulated".into(),
        remedy: "none".into(),
        severity: Severity::Retry,
    }
}
