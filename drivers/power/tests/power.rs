//! What every source of power promises, held by the simulator, by the client of NUT before Debian's
//! `upsd`, and by the gauge's driver before a bus of the kernel's in a guest
//! (`examples/power-guest.rs`).

use std::path::Path;
use std::time::Duration;

use counterpart::{Guest, UPS, VirtualUps};
use drivers_api::{Fault, Power, PowerState};
use drivers_power::{NutConfig, NutPower};
use drivers_sim::SimPower;

/// What the contract needs of a source's surroundings.
trait Supply {
    fn power(&mut self) -> &mut dyn Power;
    /// Brings the source into a state.
    fn set(&mut self, state: PowerState);
    /// Takes the source away, and brings it back on the mains.
    fn unplug(&mut self);
    fn plug(&mut self);
}

fn contract(supply: &mut dyn Supply) {
    let battery = |percent| PowerState::Battery { percent };
    for state in [PowerState::Mains, battery(81), battery(7), PowerState::Ending] {
        supply.set(state);
        assert_eq!(supply.power().read(), Ok(state));
        assert_eq!(supply.power().read(), Ok(state), "a reading changes nothing");
    }
    supply.unplug();
    let error = supply.power().read().expect_err("it is away");
    assert!(matches!(error.fault, Fault::Removed | Fault::Absent), "{error}");
    supply.plug();
    assert_eq!(supply.power().read(), Ok(PowerState::Mains), "it is found again");
}

struct Simulated(SimPower, SimPower);

impl Supply for Simulated {
    fn power(&mut self) -> &mut dyn Power {
        &mut self.0
    }

    fn set(&mut self, state: PowerState) {
        self.1.set(Ok(state));
    }

    fn unplug(&mut self) {
        self.1.set(Err(Fault::Removed));
    }

    fn plug(&mut self) {
        self.1.set(Ok(PowerState::Mains));
    }
}

struct Nut(NutPower, VirtualUps);

fn nut(ups: &VirtualUps, name: &str) -> NutPower {
    let silence = Duration::from_secs(5);
    NutPower::new(NutConfig { address: ups.address(), ups: name.into(), silence })
}

impl Supply for Nut {
    fn power(&mut self) -> &mut dyn Power {
        &mut self.0
    }

    fn set(&mut self, state: PowerState) {
        let (status, charge) = match state {
            PowerState::Mains => ("OL CHRG", 90),
            PowerState::Battery { percent } => ("OB DISCHRG", percent),
            PowerState::Ending => ("OB LB", 3),
        };
        self.1.set("battery.charge", &charge.to_string()).expect("the charge is set");
        self.1.set("ups.status", status).expect("the status is set");
    }

    fn unplug(&mut self) {
        self.1.unplug();
        self.1.wait_until_stale().expect("the daemon notices");
    }

    fn plug(&mut self) {
        self.1.plug().expect("the driver starts");
        self.1.wait("ups.status", "OL").expect("the daemon finds it");
    }
}

#[test]
fn the_simulator_holds_the_contract() {
    let dial = SimPower::new(PowerState::Mains);
    contract(&mut Simulated(dial.clone(), dial));
}

#[test]
fn the_client_of_nut_holds_the_contract_before_debians_daemon() {
    let ups = VirtualUps::start().expect("upsd starts");
    contract(&mut Nut(nut(&ups, UPS), ups));
}

#[test]
fn another_name_and_a_daemon_that_is_not_there_are_told() {
    let ups = VirtualUps::start().expect("upsd starts");
    let error = nut(&ups, "garage").read().expect_err("no such UPS");
    assert_eq!((error.fault, error.detail.as_str()), (Fault::Misconfigured, "UNKNOWN-UPS"));
    let error = nut(&ups, "a b").read().expect_err("no name");
    assert_eq!(error.fault, Fault::Misconfigured);
    let mut gone = nut(&ups, UPS);
    assert_eq!(gone.read(), Ok(PowerState::Mains));
    drop(ups);
    assert_eq!(gone.read().expect_err("no daemon").fault, Fault::Absent);
}

#[test]
fn the_gauge_is_read_over_a_bus_of_the_kernel() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let own = std::env::current_exe().expect("a test is a file");
    let build = own.parent().and_then(Path::parent).expect("deps lies in the build folder");
    let program = build.join("examples/power-guest");
    let log = Guest::installed(&root).run(&program, &[]).expect("every check holds");
    assert_eq!(log.matches("... ok").count(), 5, "{log}");
}
