//! The daemon is killed without warning at 200 random moments of the main job (or as many as
//! `CRASH_KILLS` says): no number twice, none lost without a word in the journal, and every copy
//! that was shown as issued reaches the registry exactly once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use e2e::{Failure, OFFICER_PIN, World, WorldOptions};
use serde_json::Value;

/// Kills in all, shared by the worlds that run side by side; unless the environment says otherwise.
const KILLS: usize = 200;
/// Worlds side by side, one for each core.
const WORLDS: usize = 2;

/// A small deterministic generator (SplitMix64), so that a failing seed can be run again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: Duration) -> Duration {
        Duration::from_micros(self.roll() % (limit.as_micros() as u64).max(1))
    }
}

#[test]
fn kills_at_any_moment_lose_nothing_and_double_nothing() {
    let set = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seed = set("CRASH_SEED").unwrap_or(2026);
    let kills = set("CRASH_KILLS").map_or(KILLS, |kills| kills as usize);
    let worlds: Vec<_> = (0..WORLDS as u64)
        .map(|i| std::thread::spawn(move || one_world(seed + i, kills / WORLDS)))
        .collect();
    for (i, world) in worlds.into_iter().enumerate() {
        let result = world.join().expect("the world's thread");
        result.unwrap_or_else(|error| panic!("CRASH_SEED={seed}, world {i}: {error}"));
    }
}

fn one_world(seed: u64, kills: usize) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let sheet = folder.path().join("sheet.ppm");
    std::fs::write(&sheet, short_page()?)?;
    let options = WorldOptions { sim_sheets: Some(vec![sheet]), ..WorldOptions::default() };
    let mut world = World::new(&folder.path().join("world"), options)?;
    world.start_registry()?;
    let mut dice = Dice(seed);
    let shown = Arc::new(Mutex::new(BTreeMap::new()));

    // How long the stages take when nobody kills anything.
    world.start_kiosk()?;
    let (mut to_officer, mut to_delivered) = measure(&world, &shown)?;
    world.kill_kiosk();

    let mut issued_seen = 0;
    let mut restored = 0;
    let mut alike = Alike::default();
    for kill in 0..kills {
        restored += world.tokens().restore()?;
        world.start_kiosk()?;
        // Half of the kills strike anywhere in the job, half between the PIN and the receipt.
        let moment = if kill % 2 == 0 {
            dice.below(to_officer + to_delivered)
        } else {
            to_officer + dice.below(to_delivered)
        };
        let before = shown.lock().expect("shown").len();
        job_until_killed(&mut world, &shown, moment)?;
        let issued = shown.lock().expect("shown").len() > before;
        issued_seen += usize::from(issued);
        let pace = alike.pace_after(issued);
        (to_officer, to_delivered) = (to_officer.mul_f64(pace), to_delivered.mul_f64(pace));
    }

    restored += world.tokens().restore()?;
    world.start_kiosk()?;
    world.wait_delivered()?;
    let shown = shown.lock().expect("shown").clone();
    if issued_seen == 0 || issued_seen == kills {
        return Err(format!("{issued_seen} of {kills} jobs ended before the kill: no test").into());
    }
    say(format_args!(
        "{kills} kills, {issued_seen} after the copy was shown; {restored} token files restored"
    ));
    examine(&mut world, &shown)
}

/// Kills on end that all struck before the copy was shown, or all after it.
#[derive(Default)]
struct Alike {
    issued: bool,
    kills: u32,
}

impl Alike {
    /// So many alike and the machine is no longer as fast as it was when the job was measured.
    const TOO_MANY: u32 = 12;

    /// What to stretch the moments by after a kill.
    fn pace_after(&mut self, issued: bool) -> f64 {
        self.kills = if issued == self.issued { self.kills + 1 } else { 1 };
        self.issued = issued;
        if self.kills < Self::TOO_MANY {
            return 1.0;
        }
        self.kills = 0;
        if issued { 0.7 } else { 1.4 }
    }
}

#[expect(clippy::print_stdout, reason = "what the run saw, for who reads the test's output")]
fn say(line: impl std::fmt::Display) {
    println!("{line}");
}

/// The top of an original: enough to be read and sealed, in a fraction of a page's time.
fn short_page() -> Result<Vec<u8>, Failure> {
    let page = paper::original(1)?.swap_remove(0);
    let rows = 700;
    let mut ppm = format!("P6\n{} {rows}\n255\n", page.width).into_bytes();
    ppm.extend_from_slice(&page.rgb[..page.width as usize * rows * 3]);
    Ok(ppm)
}

/// Runs the job; notes the copy (code and number) that the screen acknowledged as issued.
fn job(world: &World, shown: &Mutex<BTreeMap<String, u64>>) -> Result<Instant, Failure> {
    let citizen = world.citizen()?;
    citizen.start()?;
    citizen.scan_page()?;
    citizen.hand_in()?;
    let decided = now();
    world.officer()?.approve("ha", OFFICER_PIN)?;
    let view = citizen.wait_for(&["issued"])?;
    let code = view["issued"]["code"].as_str().unwrap_or_default().to_owned();
    let number = view["issued"]["number"].as_u64().unwrap_or_default();
    shown.lock().expect("shown").insert(code, number);
    Ok(decided)
}

fn measure(
    world: &World,
    shown: &Mutex<BTreeMap<String, u64>>,
) -> Result<(Duration, Duration), Failure> {
    let began = now();
    let decided = job(world, shown)?;
    world.wait_delivered()?;
    Ok((decided - began, decided.elapsed()))
}

/// Runs the job in the background and kills the kiosk `moment` after its beginning.
fn job_until_killed(
    world: &mut World,
    shown: &Arc<Mutex<BTreeMap<String, u64>>>,
    moment: Duration,
) -> Result<(), Failure> {
    let kiosk = world.kiosk_id().ok_or("the kiosk does not run")?;
    let kill = std::thread::spawn(move || {
        std::thread::sleep(moment);
        let status =
            std::process::Command::new("kill").args(["-KILL", &kiosk.to_string()]).status();
        status.is_ok_and(|status| status.success())
    });
    // The job fails wherever the kill strikes; what counts is what the screen had shown until then.
    let _ = job(world, shown);
    let killed = kill.join().map_err(|_| "the killer panicked")?;
    world.kill_kiosk();
    if killed { Ok(()) } else { Err("the kiosk was dead before it was killed".into()) }
}

fn examine(world: &mut World, shown: &BTreeMap<String, u64>) -> Result<(), Failure> {
    let audit = world.audit()?;
    let issued = audit["issued"].as_u64().unwrap_or_default();
    let listed = world.outbox()?;
    let copies = listed["copies"].as_array().ok_or("no list")?;
    let numbers: BTreeSet<u64> = copies.iter().filter_map(|c| c["number"].as_u64()).collect();
    assert_eq!(numbers, (1..=issued).collect(), "numbers are 1 to {issued}, none twice, no gap");
    assert_eq!(copies.len() as u64, issued, "one copy for each number");
    assert_eq!(audit["delivered"], audit["issued"], "everything issued is delivered");
    assert_eq!(audit["unexplained"].as_array().map(Vec::len), Some(0), "no file without a record");
    assert_eq!(audit["damaged_copies"].as_array().map(Vec::len), Some(0), "every file is whole");
    let count = |key: &str| audit[key].as_u64().unwrap_or_default();
    assert_eq!(
        count("reserved"),
        count("issued") + count("released"),
        "every reserved number was issued or given back with a reason"
    );
    for (code, number) in shown {
        let copy = copies.iter().find(|copy| copy["code"] == **code);
        assert_eq!(copy.map(|copy| &copy["number"]), Some(&Value::from(*number)), "{code}");
    }
    at_the_registry(world, copies)
}

/// Each copy is at the registry once, with the digest that the kiosk has.
fn at_the_registry(world: &World, copies: &[Value]) -> Result<(), Failure> {
    for copy in copies {
        let code = copy["code"].as_str().ok_or("a copy has no code")?;
        let url = format!("{}/api/copies/{code}", world.public_url());
        let held: Value = ureq::get(&url).call()?.body_mut().read_json()?;
        assert_eq!(held["sha256"], copy["sha256"], "{code}");
    }
    assert_eq!(files_in(&world.dir().join("registry"))?, copies.len(), "one file for each copy");
    Ok(())
}

/// PDF files anywhere below a folder.
fn files_in(folder: &Path) -> Result<usize, Failure> {
    let mut count = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            count += files_in(&path)?;
        } else {
            count += usize::from(path.extension().is_some_and(|e| e == "pdf"));
        }
    }
    Ok(count)
}

#[expect(clippy::disallowed_methods, reason = "the test strikes at moments of real time")]
fn now() -> Instant {
    Instant::now()
}
