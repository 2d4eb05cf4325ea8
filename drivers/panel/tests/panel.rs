//! The panel's contract, by the simulator here, and by the driver before a chip of the kernel's in
//! a guest (`examples/guest.rs`).

mod contract;

use std::path::Path;

use contract::{Cabinet, SITUATIONS};
use counterpart::Guest;
use drivers_api::{Fault, Switches};
use drivers_sim::SimPanel;

/// Door and tamper switch only.
const SHUT: Switches =
    Switches { door_open: Some(false), tampered: Some(false), person: None, stop: None };

struct Simulated(SimPanel);

impl Cabinet for Simulated {
    fn set(&mut self, door_open: bool, tampered: bool) {
        let switches = Switches { door_open: Some(door_open), tampered: Some(tampered), ..SHUT };
        self.0.set(Ok(switches));
    }

    fn lamps(&mut self) -> (bool, bool) {
        let lamps = self.0.lamps();
        (lamps.ready, lamps.attention)
    }

    fn unplug(&mut self) {
        self.0.set(Err(Fault::Removed));
    }

    fn plug(&mut self) {
        self.0.set(Ok(SHUT));
    }
}

#[test]
fn the_simulator_holds_the_contract() {
    let mut panel = SimPanel::new(SHUT);
    let mut cabinet = Simulated(panel.clone());
    for (what, situation) in SITUATIONS {
        let outcome = situation(&mut panel, &mut cabinet);
        assert_eq!(outcome, Ok(()), "{what}");
    }
}

#[test]
fn the_driver_holds_the_contract_before_a_chip_of_the_kernel() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let own = std::env::current_exe().expect("a test is a file");
    let build = own.parent().and_then(Path::parent).expect("deps lies in the build folder");
    let program = build.join("examples/panel-guest");
    let log = Guest::installed(&root).run(&program, &[]).expect("every check holds");
    assert_eq!(log.matches("... ok").count(), SITUATIONS.len() + 2, "{log}");
}
