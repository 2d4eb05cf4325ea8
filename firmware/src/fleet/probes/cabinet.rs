//! The cabinet: its switches as they are read, and whether it was opened.

use board::Board;
use drivers_api::Switches;

use super::devices::Probe;
use crate::assemble::panel;
use crate::engine::Kiosk;
use crate::fleet::check::{FaultId, Finding, Subject};

/// What lifts the lock.
const CLEAR: &str = "look at the cabinet, shut it, then `kiosk cabinet clear --by NAME`";

/// The cabinet when no daemon watches it. Whether it was opened before is the journal's to tell,
/// which a command does not fold only for this: the daemon says so at its start.
pub(super) fn of_board(board: &Board) -> Probe {
    let station = panel(&board.panel);
    let ask = station.map(|mut station| move || station.panel.read().map(Some));
    Probe::new(Subject::Cabinet, ask, switches)
}

/// The cabinet as the running daemon sees it: the lines are its own.
pub(super) fn of_kiosk(kiosk: &Kiosk, board: &Board) -> Probe {
    let kiosk = kiosk.clone();
    let there = board.panel != board::Panel::None || kiosk.parts().store.cabinet_opened().is_some();
    let ask = there.then_some(move || {
        let parts = kiosk.parts();
        if let Err(trouble) = parts.guard.may_sign(parts) {
            return Ok(Some(Err(trouble.cause)));
        }
        parts.guard.reading().transpose().map(|switches| switches.map(Ok))
    });
    Probe::new(Subject::Cabinet, ask, |said: Result<Switches, String>| match said {
        Ok(read) => switches(read),
        Err(cause) => Finding::fault(Subject::Cabinet, FaultId::CabinetOpened, cause, CLEAR),
    })
}

fn switches(switches: Switches) -> Finding {
    let subject = Subject::Cabinet;
    if switches.tampered == Some(true) || switches.door_open == Some(true) {
        let what = if switches.tampered == Some(true) { "tamper switch" } else { "door" };
        let cause = format!("the cabinet is open by its {what}");
        return Finding::fault(subject, FaultId::CabinetOpened, cause, CLEAR);
    }
    let guards = switches.tampered.is_some() || switches.door_open.is_some();
    Finding::ok(subject, if guards { "it is shut" } else { "its switches answer" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_cabinet_is_a_fault_and_one_without_door_switch_is_none() {
        let of = |door_open, tampered| {
            switches(Switches { door_open, tampered, ..Switches::default() }).id
        };
        assert_eq!((of(Some(false), Some(false)), of(None, None)), (None, None));
        let opened = Some(FaultId::CabinetOpened);
        assert_eq!((of(Some(true), None), of(Some(false), Some(true))), (opened, opened));
    }
}
