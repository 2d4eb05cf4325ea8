//! What every barcode reader promises, held by the simulator and by the drivers before the kernel's
//! own line or event device.

use std::time::Duration;

use drivers_api::{BarcodeReader, DeviceError, Fault, Payload};

/// Long enough for a busy machine, and waited through only where a test fails.
pub(crate) const LONG: Duration = Duration::from_secs(60);
/// Short, and waited through in vain.
pub(crate) const SHORT: Duration = Duration::from_millis(100);
/// How often a reader that was plugged in is looked for, [`SHORT`] apart.
pub(crate) const LOOKS_MAX: u32 = 300;

/// Codes that keyboards can send, too.
pub(crate) const CODES: [&str; 4] =
    ["001199999999|012345678|Nghiem Thi Thu", "HN01-K03/2026 #7", "\"A\\b~c\" {$5} <x>?", "0"];

/// What is held before a reader, and its plug.
pub(crate) trait Hand {
    /// Holds a code before the reader.
    fn code(&mut self, text: &str);
    /// Lets the reader send what makes no text.
    fn garbage(&mut self);
    /// Lets the reader send one code more than a code can hold.
    fn flood(&mut self);
    /// Pulls the reader's plug.
    fn unplug(&mut self);
    /// Puts it back, and at once holds a code before it, when nobody has the reader open.
    fn plug(&mut self, unheard: &str);
}

/// What went wrong.
pub(crate) type Outcome = Result<(), String>;

fn read(reader: &mut dyn BarcodeReader) -> Result<Option<Payload>, DeviceError> {
    reader.read(LONG)
}

fn gives(reader: &mut dyn BarcodeReader, code: &str) -> Outcome {
    let got = read(reader).map_err(|error| error.to_string())?;
    let got = got.ok_or_else(|| format!("silence in the place of {code}"))?;
    if got.text() == code { Ok(()) } else { Err(format!("{}, not {code}", got.text())) }
}

fn fails(reader: &mut dyn BarcodeReader, fault: Fault, secret: &str) -> Outcome {
    let error = read(reader).err().ok_or_else(|| format!("no {fault:?}"))?;
    if error.to_string().contains(secret) {
        return Err(format!("the payload is in the error: {error}"));
    }
    if error.fault == fault { Ok(()) } else { Err(format!("{error}, not {fault:?}")) }
}

fn is_silent(reader: &mut dyn BarcodeReader) -> Outcome {
    match reader.read(SHORT) {
        Ok(None) => Ok(()),
        Ok(Some(payload)) => Err(format!("{} out of nothing", payload.text())),
        Err(error) => Err(error.to_string()),
    }
}

/// All situations in their order; the simulator's script follows it. `reader` is plugged in.
pub(crate) fn contract(reader: &mut dyn BarcodeReader, hand: &mut dyn Hand) -> Outcome {
    is_silent(reader)?;
    for code in CODES {
        hand.code(code);
        gives(reader, code)?;
    }
    hand.code(CODES[0]);
    hand.code(CODES[1]);
    gives(reader, CODES[0])?;
    gives(reader, CODES[1])?;
    hand.garbage();
    fails(reader, Fault::Garbled, "Nghiem")?;
    hand.code(CODES[0]);
    gives(reader, CODES[0])?;
    hand.flood();
    fails(reader, Fault::TooLong, "zzz")?;
    hand.code(CODES[1]);
    gives(reader, CODES[1])?;
    reader.probe().map_err(|error| format!("probe: {error}"))?;

    hand.unplug();
    for _ in 0..3 {
        let error = reader.read(SHORT).err().ok_or("an unplugged reader was read")?;
        if !matches!(error.fault, Fault::Removed | Fault::Absent) {
            return Err(error.to_string());
        }
    }
    if reader.probe().is_ok() {
        return Err("an unplugged reader answers".into());
    }
    hand.plug("of before");
    for look in 1.. {
        match reader.read(SHORT) {
            Ok(None) => break,
            Ok(Some(_)) => return Err("a code of before came up".into()),
            Err(_) if look < LOOKS_MAX => std::thread::sleep(SHORT),
            Err(error) => return Err(format!("not found again: {error}")),
        }
    }
    hand.code(CODES[2]);
    gives(reader, CODES[2])?;
    reader.probe().map(drop).map_err(|error| format!("probe: {error}"))
}
