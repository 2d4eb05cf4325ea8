//! What the switches mean over time: settled levels, what happened, and whether the cabinet is
//! shut. Needs `core` and a fixed buffer only.

use core::time::Duration;

use drivers_api::Switches;
use heapless::Vec;

use crate::debounce::Debounce;

/// How long a panel may be unreadable before the cabinet counts as unwatched: a plug that slips and
/// is put back at once is found again within this time.
pub const BLIND_MAX: Duration = Duration::from_secs(3);

/// Most things that one reading can bring: one of each switch, and the panel's own coming or going.
pub const EVENTS_MAX: usize = 4;

/// Why the cabinet counts as opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breach {
    /// The tamper switch has let go.
    Tampered,
    /// The door is open.
    Door,
    /// The panel with its switches was away for longer than [`BLIND_MAX`].
    Unwatched,
}

/// Something that happened at the panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PanelEvent {
    /// A person came before the kiosk.
    PersonCame,
    /// Nobody stands there any more.
    PersonLeft,
    /// The button that ends the visit was pressed.
    StopPressed,
    /// The panel does not answer any more.
    Lost,
    /// The panel is back.
    Found,
}

/// What a reading came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The switches without their bouncing; as they were last, while the panel is away.
    pub switches: Switches,
    /// What happened, in order.
    pub events: Vec<PanelEvent, EVENTS_MAX>,
    /// Why the cabinet counts as opened now; none while it is shut and watched.
    pub breach: Option<Breach>,
}

/// Takes readings of a panel and says what they mean.
#[derive(Debug, Clone)]
pub struct Watcher {
    hold: Duration,
    person: Option<Debounce>,
    door: Option<Debounce>,
    tamper: Option<Debounce>,
    stop: Option<Debounce>,
    /// Since when nothing was read; from the first look on until there is a reading.
    blind_since: Option<Duration>,
    guards: bool,
    there: bool,
}

impl Watcher {
    /// A watcher of contacts that settle within `hold`. `guards` says whether the board has a door
    /// or a tamper switch: only then does a panel that stays away leave the cabinet unwatched.
    pub const fn new(hold: Duration, guards: bool) -> Self {
        Self {
            hold,
            person: None,
            door: None,
            tamper: None,
            stop: None,
            blind_since: None,
            guards,
            there: true,
        }
    }

    /// Takes a reading, or that there was none, at the time `now` of a steady clock.
    pub fn step(&mut self, reading: Option<Switches>, now: Duration) -> Settled {
        let mut events = Vec::new();
        // The buffer has room for one event of each kind that can come together.
        let mut tell = |event| {
            let _there_is_room = events.push(event);
        };
        match reading {
            None => {
                self.blind_since.get_or_insert(now);
                if core::mem::replace(&mut self.there, false) {
                    tell(PanelEvent::Lost);
                }
            }
            Some(raw) => {
                self.blind_since = None;
                if !core::mem::replace(&mut self.there, true) {
                    tell(PanelEvent::Found);
                }
                self.take(raw, now, tell);
            }
        }
        let switches = self.switches();
        Settled { switches, events, breach: self.breach(now) }
    }

    fn take(&mut self, raw: Switches, now: Duration, mut tell: impl FnMut(PanelEvent)) {
        let hold = self.hold;
        match settle(&mut self.person, raw.person, now, hold) {
            Some(true) => tell(PanelEvent::PersonCame),
            Some(false) => tell(PanelEvent::PersonLeft),
            None => {}
        }
        if settle(&mut self.stop, raw.stop, now, hold) == Some(true) {
            tell(PanelEvent::StopPressed);
        }
        settle(&mut self.door, raw.door_open, now, hold);
        settle(&mut self.tamper, raw.tampered, now, hold);
    }

    fn switches(&self) -> Switches {
        let level = |contact: &Option<Debounce>| contact.as_ref().map(Debounce::level);
        Switches {
            person: level(&self.person),
            door_open: level(&self.door),
            tampered: level(&self.tamper),
            stop: level(&self.stop),
        }
    }

    fn breach(&self, now: Duration) -> Option<Breach> {
        let open = |contact: Option<Debounce>| contact.is_some_and(|contact| contact.level());
        let blind = self.blind_since.is_some_and(|since| now.saturating_sub(since) > BLIND_MAX);
        if open(self.tamper) {
            Some(Breach::Tampered)
        } else if open(self.door) {
            Some(Breach::Door)
        } else if self.guards && blind {
            Some(Breach::Unwatched)
        } else {
            None
        }
    }
}

/// The new level of a contact when it changed with this sample. The first one is no change, but for
/// what must not be missed its level counts at once.
fn settle(
    contact: &mut Option<Debounce>,
    sample: Option<bool>,
    now: Duration,
    hold: Duration,
) -> Option<bool> {
    let sample = sample?;
    let Some(contact) = contact else {
        *contact = Some(Debounce::new(sample));
        return None;
    };
    let before = contact.level();
    let level = contact.sample(sample, now, hold);
    (level != before).then_some(level)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOLD: Duration = Duration::from_millis(30);
    const SHUT: Switches = Switches {
        person: Some(false),
        door_open: Some(false),
        tampered: Some(false),
        stop: Some(false),
    };

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_person_comes_presses_stop_and_leaves() {
        let mut watcher = Watcher::new(HOLD, true);
        let there = Switches { person: Some(true), ..SHUT };
        let pressed = Switches { stop: Some(true), ..there };
        let mut told = std::vec![];
        for (at, switches) in
            [(0, SHUT), (20, there), (60, there), (80, pressed), (120, pressed), (140, SHUT)]
        {
            told.extend(watcher.step(Some(switches), ms(at)).events);
        }
        assert_eq!(told, [PanelEvent::PersonCame, PanelEvent::StopPressed]);
        assert_eq!(watcher.step(Some(SHUT), ms(180)).events, [PanelEvent::PersonLeft]);
    }

    #[test]
    fn an_open_door_and_a_forced_cabinet_are_breaches_also_at_the_first_look() {
        for (switches, breach) in [
            (Switches { door_open: Some(true), ..SHUT }, Breach::Door),
            (Switches { tampered: Some(true), door_open: Some(true), ..SHUT }, Breach::Tampered),
        ] {
            let mut watcher = Watcher::new(HOLD, true);
            assert_eq!(watcher.step(Some(switches), ms(0)).breach, Some(breach));
            let mut watcher = Watcher::new(HOLD, true);
            assert_eq!(watcher.step(Some(SHUT), ms(0)).breach, None);
            assert_eq!(watcher.step(Some(switches), ms(20)).breach, None, "a spike");
            assert_eq!(watcher.step(Some(switches), ms(50)).breach, Some(breach));
        }
    }

    #[test]
    fn a_panel_that_stays_away_leaves_the_cabinet_unwatched() {
        let mut watcher = Watcher::new(HOLD, true);
        watcher.step(Some(SHUT), ms(0));
        let lost = watcher.step(None, ms(20));
        assert_eq!((lost.events.as_slice(), lost.breach), (&[PanelEvent::Lost][..], None));
        assert_eq!(watcher.step(None, ms(3000)).breach, None, "a plug that slipped");
        assert_eq!(watcher.step(None, ms(3021)).breach, Some(Breach::Unwatched));
        let found = watcher.step(Some(SHUT), ms(3040));
        assert_eq!((found.events.as_slice(), found.breach), (&[PanelEvent::Found][..], None));
        let mut without_guards = Watcher::new(HOLD, false);
        without_guards.step(None, ms(0));
        assert_eq!(without_guards.step(None, ms(60_000)).breach, None);
    }

    proptest! {
        /// Whatever is read: the buffer of events is never too small, and the cabinet counts as
        /// shut only while no guarding switch says otherwise.
        #[test]
        fn no_event_is_lost_and_no_breach_overlooked(
            readings in prop::collection::vec(
                (proptest::option::of(any::<[bool; 4]>()), 1_u64..2000), 1..40,
            ),
        ) {
            let mut watcher = Watcher::new(HOLD, true);
            let mut now = Duration::ZERO;
            for (levels, pause) in readings {
                now += ms(pause);
                let reading = levels.map(|[person, door, tamper, stop]| Switches {
                    person: Some(person),
                    door_open: Some(door),
                    tampered: Some(tamper),
                    stop: Some(stop),
                });
                let settled = watcher.step(reading, now);
                prop_assert!(settled.events.len() < EVENTS_MAX);
                let open = [settled.switches.door_open, settled.switches.tampered];
                prop_assert!(settled.breach.is_some() || !open.contains(&Some(true)));
            }
        }
    }
}
