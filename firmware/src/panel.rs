//! Watches the cabinet's switches and lights its lamps, for as long as the kiosk runs.

use std::time::Duration;

use drivers_api::{Lamps, Panel, Switches};
use drivers_panel::{PanelEvent, Watcher};

use crate::engine::Kiosk;
use crate::visit::{State, Visit, Wish};

/// How often the switches are read: a short press of a button is seen several times.
const PAUSE: Duration = Duration::from_millis(20);
/// How long after one try to end a visit the next one comes.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often the lamps are written although nothing changed: a panel that was plugged in anew is
/// dark.
const LAMPS_AGAIN: Duration = Duration::from_secs(2);

/// The board's panel and what its file says of it.
pub struct PanelStation {
    /// The switches and lamps.
    pub panel: Box<dyn Panel>,
    /// How long a contact must be still to count.
    pub debounce: Duration,
    /// How long nobody may stand before the kiosk until the visit ends.
    pub away: Duration,
    /// Whether there is a door or a tamper switch.
    pub guards: bool,
}

/// Watches until the process ends.
pub fn watch(kiosk: Kiosk, station: PanelStation) -> std::io::Result<()> {
    let watch = move || {
        let mut watch = Watch::new(kiosk, station);
        loop {
            watch.look();
            std::thread::sleep(PAUSE);
        }
    };
    std::thread::Builder::new().name("panel".into()).spawn(watch).map(drop)
}

struct Watch {
    kiosk: Kiosk,
    station: PanelStation,
    watcher: Watcher,
    /// Since when nobody stands there who stood there before.
    left: Option<Duration>,
    shown: Option<(Lamps, Duration)>,
}

impl Watch {
    fn new(kiosk: Kiosk, station: PanelStation) -> Self {
        let watcher = Watcher::new(station.debounce, station.guards);
        Self { kiosk, station, watcher, left: None, shown: None }
    }

    /// Reads the switches once and does what follows.
    fn look(&mut self) {
        let parts = self.kiosk.parts();
        let reading = self.station.panel.read();
        let now = parts.clock.steady();
        let settled = self.watcher.step(reading.as_ref().ok().copied(), now);
        for event in &settled.events {
            match event {
                PanelEvent::Lost => {
                    if let Err(error) = &reading {
                        let hint = error.hint();
                        tracing::warn!(%error, hint, "the panel does not answer");
                    }
                    self.shown = None;
                }
                PanelEvent::Found => tracing::info!("the panel is back"),
                PanelEvent::PersonCame => self.left = None,
                PanelEvent::PersonLeft => self.left = Some(now),
                PanelEvent::StopPressed => drop(self.kiosk.wish(Wish::End)),
            }
        }
        parts.guard.take(parts, reading, settled.breach);
        self.end_what_was_left(now);
        self.light(settled.switches, now);
    }

    /// Ends the visit of a person who has gone; what a device is doing for it is waited for. The
    /// next visit needs somebody to leave anew, so that a broken sensor ends no visit.
    fn end_what_was_left(&mut self, now: Duration) {
        if matches!(self.kiosk.watch().borrow().state(), State::Idle) {
            self.left = None;
        }
        let Some(left) = self.left else { return };
        if now.saturating_sub(left) >= self.station.away {
            self.left = Some((now + PATIENCE).saturating_sub(self.station.away));
            self.kiosk.person_left();
        }
    }

    fn light(&mut self, switches: Switches, now: Duration) {
        let parts = self.kiosk.parts();
        let may_sign = parts.guard.may_sign(parts).is_ok();
        let wanted = lamps(&self.kiosk.watch().borrow(), may_sign, switches.person);
        let fresh = |at: Duration| now.saturating_sub(at) < LAMPS_AGAIN;
        if self.shown.is_some_and(|(shown, at)| shown == wanted && fresh(at)) {
            return;
        }
        // A panel that fails says so where its switches are read.
        self.shown = self.station.panel.show(wanted).ok().map(|()| (wanted, now));
    }
}

/// What shines for this visit; nothing lights an empty room.
fn lamps(visit: &Visit, may_sign: bool, person: Option<bool>) -> Lamps {
    let state = visit.state();
    let at_officer = matches!(state, State::Deciding(_) | State::Failed(..));
    let idle = matches!(state, State::Idle);
    Lamps {
        ready: idle && may_sign,
        attention: at_officer || !may_sign,
        strip: !idle && person != Some(false),
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;

    #[test]
    fn an_idle_kiosk_is_ready_unless_its_cabinet_was_opened() {
        let idle = Visit::idle(OffsetDateTime::UNIX_EPOCH);
        let ready = Lamps { ready: true, ..Lamps::default() };
        assert_eq!(lamps(&idle, true, None), ready);
        let calls = Lamps { attention: true, ..Lamps::default() };
        assert_eq!(lamps(&idle, false, Some(true)), calls);
    }
}
