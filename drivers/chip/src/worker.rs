//! What talks with PC/SC, on a thread of its own: a call may block for as long as the service, the
//! reader or the card likes, and then the thread is left behind.

use std::ffi::{CStr, CString};
use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use drivers_api::{DeviceError, Fault};
use pcsc::{
    Card, Context, Disposition, MAX_BUFFER_SIZE_EXTENDED, PNP_NOTIFICATION, Protocols, ReaderState,
    Scope, ShareMode, State,
};
use zeroize::Zeroizing;

use crate::fault::{DEVICE, failed};

/// How long one wait for a card lasts before the readers are listed again.
const SLICE: Duration = Duration::from_millis(250);
/// Within this a reader notices that a card is gone.
const NOTICED: Duration = Duration::from_secs(1);
/// Bytes at the end of every answer.
const STATUS_BYTES: usize = 2;
/// Most slots looked at.
const READERS_MAX: usize = 16;

/// An answer of a card, wiped when dropped.
pub(crate) type Answer = Result<Zeroizing<Vec<u8>>, DeviceError>;

/// Waits for a card for as long as `patience`, says how that went, then carries commands until
/// nobody asks any more.
pub(crate) fn run(
    wanted: &str,
    patience: Duration,
    connected: &Sender<Result<(), DeviceError>>,
    commands: &Receiver<Zeroizing<Vec<u8>>>,
    answers: &Sender<Answer>,
) {
    let (context, reader, card) = match connect(wanted, patience) {
        Ok(found) => found,
        Err(error) => {
            // Who asked may have given up meanwhile; so below.
            let _ = connected.send(Err(error));
            return;
        }
    };
    if connected.send(Ok(())).is_ok() {
        for command in commands {
            let answer = transmit(&context, &reader, &card, &command);
            if answers.send(answer).is_err() {
                break;
            }
        }
    }
    // The next session begins with a card that remembers nothing of this one.
    if let Err((_, error)) = card.disconnect(Disposition::ResetCard) {
        tracing::debug!(%error, "the card was gone before it was let go");
    }
}

/// The readers whose names hold `wanted`.
pub(crate) fn readers(context: &Context, wanted: &str) -> Result<Vec<CString>, DeviceError> {
    let found = match context.list_readers_owned() {
        Ok(found) => found,
        Err(pcsc::Error::NoReadersAvailable) => Vec::new(),
        Err(error) => return Err(failed("list the readers")(error)),
    };
    let named = |name: &CString| name.to_string_lossy().contains(wanted);
    Ok(found.into_iter().filter(named).take(READERS_MAX).collect())
}

pub(crate) fn context() -> Result<Context, DeviceError> {
    Context::establish(Scope::User).map_err(failed("reach the PC/SC service (pcscd)"))
}

fn connect(wanted: &str, patience: Duration) -> Result<(Context, CString, Card), DeviceError> {
    let context = context()?;
    let (mut mute, mut busy) = (false, false);
    // Readers may be plugged in and out while a card is waited for.
    for _ in 0..=patience.as_millis() / SLICE.as_millis() {
        let names = readers(&context, wanted)?;
        match waiting_card(&context, &names)? {
            Seen::Card(reader) => {
                let card = context.connect(&reader, ShareMode::Exclusive, Protocols::ANY);
                match card {
                    Ok(card) => return Ok((context, reader, card)),
                    // Laid down for a moment only, or lying askew: it may come again.
                    Err(pcsc::Error::NoSmartcard | pcsc::Error::RemovedCard) => {}
                    Err(pcsc::Error::UnresponsiveCard | pcsc::Error::UnpoweredCard) => mute = true,
                    // The session before this one may still be letting go.
                    Err(pcsc::Error::SharingViolation) => busy = true,
                    Err(error) => return Err(failed("connect to the card")(error)),
                }
                std::thread::sleep(SLICE);
            }
            Seen::Mute => {
                mute = true;
                std::thread::sleep(SLICE);
            }
            Seen::Nothing => (mute, busy) = (false, false),
        }
    }
    let none = readers(&context, wanted)?.is_empty();
    let (fault, detail) = match (none, busy, mute) {
        (true, ..) => (Fault::Absent, "no reader of that name is plugged in"),
        (false, true, _) => (Fault::Busy, "another program holds the card"),
        (false, false, true) => (Fault::Protocol, "the card does not answer"),
        (false, false, false) => (Fault::NoCard, "no card was laid on the reader"),
    };
    Err(DeviceError::new(DEVICE, fault, detail))
}

enum Seen {
    Card(CString),
    Mute,
    Nothing,
}

/// Waits for one slice, or until something changes.
fn waiting_card(context: &Context, names: &[CString]) -> Result<Seen, DeviceError> {
    let mut states: Vec<ReaderState> =
        names.iter().map(|name| ReaderState::new(name.clone(), State::UNAWARE)).collect();
    if let Some(seen) = look(context, Duration::ZERO, &mut states)? {
        return Ok(seen);
    }
    states.iter_mut().for_each(ReaderState::sync_current_state);
    states.push(ReaderState::new(PNP_NOTIFICATION(), State::UNAWARE));
    Ok(look(context, SLICE, &mut states)?.unwrap_or(Seen::Nothing))
}

fn look(
    context: &Context,
    time: Duration,
    states: &mut [ReaderState],
) -> Result<Option<Seen>, DeviceError> {
    match context.get_status_change(time, states) {
        Ok(()) => {}
        // A reader that was pulled out just now is not there the next time.
        Err(pcsc::Error::Timeout | pcsc::Error::UnknownReader) => return Ok(None),
        Err(error) => return Err(failed("look for a card")(error)),
    }
    let cards = states.iter().filter(|state| state.event_state().contains(State::PRESENT));
    let mut mute = None;
    for state in cards {
        if !state.event_state().contains(State::MUTE) {
            return Ok(Some(Seen::Card(state.name().to_owned())));
        }
        mute = Some(Seen::Mute);
    }
    Ok(mute)
}

fn transmit(context: &Context, reader: &CStr, card: &Card, command: &[u8]) -> Answer {
    let mut buffer = Zeroizing::new(vec![0; MAX_BUFFER_SIZE_EXTENDED]);
    let error = match card.transmit(command, &mut buffer) {
        Ok(answer) if answer.len() >= STATUS_BYTES => {
            return Ok(Zeroizing::new(answer.to_vec()));
        }
        Ok(_) => DeviceError::new(DEVICE, Fault::Protocol, "an answer without a status"),
        Err(error) => failed("send a command to the card")(error),
    };
    // Readers have several words for a card that is gone.
    if error.fault != Fault::Absent && is_gone(context, reader) {
        return Err(DeviceError::new(DEVICE, Fault::Removed, "the card left the reader"));
    }
    Err(error)
}

/// Whether the card is gone, now or as soon as the reader has noticed.
fn is_gone(context: &Context, reader: &CStr) -> bool {
    let mut states = [ReaderState::new(reader.to_owned(), State::UNAWARE)];
    let mut present = |time| {
        let asked = context.get_status_change(time, &mut states);
        states[0].sync_current_state();
        // Nothing has changed within the time.
        asked == Err(pcsc::Error::Timeout)
            || asked.is_ok() && states[0].current_state().contains(State::PRESENT)
    };
    !present(Duration::ZERO) || !present(NOTICED)
}
