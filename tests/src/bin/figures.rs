//! Figures of a visit, for `make bench`: how soon a kiosk shows its first screen, what it weighs
//! while nobody is there, what its machine takes of a visit by stage, and how soon a touch shows
//! while pages and faces are read beside it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use e2e::{Browser, Failure, OFFICER_PIN, World, WorldOptions, ended, tell, workspace};
use serde_json::Value;

/// How often it is looked whether the first screen is there.
const GLANCE: Duration = Duration::from_millis(2);
/// Longest start that is waited for.
const START_MAX: Duration = Duration::from_secs(60);

/// Measures start, memory, stages and touches.
#[derive(Debug, Parser)]
struct Arguments {
    /// Starts of the kiosk.
    #[arg(long, default_value_t = 10)]
    starts: usize,
    /// Visits of two pages with a card.
    #[arg(long, default_value_t = 5)]
    visits: usize,
    /// Touches that begin or end a visit.
    #[arg(long, default_value_t = 200)]
    touches: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    ended(runtime.map_err(Failure::from).and_then(|runtime| {
        let folder = tempfile::tempdir()?;
        let options = WorldOptions {
            // The models of faces are loaded with a camera only; nobody stands before it.
            camera: Some(folder.path().join("camera")),
            ..WorldOptions::default()
        };
        let mut world = World::started(&folder.path().join("world"), options)?;
        starts(&mut world, arguments.starts)?;
        visits(&world, arguments.visits)?;
        runtime.block_on(touches(&world, folder.path(), arguments.touches))
    }))
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> Instant {
    Instant::now()
}

/// From exec to the view that the citizen's page shows first.
fn starts(world: &mut World, count: usize) -> Result<(), Failure> {
    let mut took = vec![];
    for _ in 0..count {
        world.kill_kiosk();
        let began = now();
        world.start_kiosk_at_once()?;
        let idle = |world: &World| Some(world.citizen().ok()?.view().ok()?["state"] == "idle");
        while idle(world) != Some(true) {
            if began.elapsed() > START_MAX {
                return Err("the kiosk showed no first screen".into());
            }
            std::thread::sleep(GLANCE);
        }
        took.push(began.elapsed().as_secs_f64());
    }
    took.sort_by(f64::total_cmp);
    tell(format_args!(
        "first usable screen after exec: median {:.2} s, longest {:.2} s of {count} (goal: 2 s)",
        took[count / 2],
        took[count - 1]
    ));
    let pid = world.kiosk_id().ok_or("the kiosk does not run")?;
    tell(format_args!(
        "resident while idle, models of pages and faces loaded: {} MB (goal: 120 MB)",
        resident(pid)?
    ));
    Ok(())
}

/// Resident memory in megabytes, from `/proc/PID/status`.
fn resident(pid: u32) -> Result<u64, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kib.ok_or("no VmRSS in /proc/PID/status")? * 1024 / 1_000_000)
}

/// What the machine takes of each visit, stage by stage.
fn visits(world: &World, count: usize) -> Result<(), Failure> {
    let (pages, card) = (paper::original(5)?, paper::id_card(paper::ID_PAYLOAD)?);
    let (mut stages, mut sums) = (BTreeMap::<String, Vec<u64>>::new(), vec![]);
    for _ in 0..count {
        let citizen = world.citizen()?;
        citizen.start()?;
        for page in pages.iter().cycle().take(2) {
            world.saned()?.lay(&page.to_ppm())?;
            citizen.scan_page()?;
        }
        citizen.touch("pages-done")?;
        citizen.wait_for(&["awaiting_card"])?;
        world.saned()?.lay(&card.to_ppm())?;
        citizen.touch("card")?;
        let view = citizen.wait_for(&["awaiting_face", "deciding"])?;
        if view["state"] == "awaiting_face" {
            citizen.touch("face-skip")?;
            citizen.wait_for(&["deciding"])?;
        }
        let (status, answer) = world.officer()?.approve("ha", OFFICER_PIN)?;
        if status != 200 {
            return Err(format!("not approved: {status} {answer}").into());
        }
        let view = citizen.wait_for(&["issued"])?;
        let mut of_visit = BTreeMap::<String, u64>::new();
        for timing in view["timings"].as_array().into_iter().flatten() {
            let stage = timing["stage"].as_str().unwrap_or_default().to_owned();
            *of_visit.entry(stage).or_default() += timing["ms"].as_u64().unwrap_or_default();
        }
        sums.push(of_visit.values().sum());
        of_visit.into_iter().for_each(|(stage, ms)| stages.entry(stage).or_default().push(ms));
        citizen.touch("end")?;
        citizen.wait_for(&["idle"])?;
        world.wait_delivered()?;
    }
    tell(format_args!("machine time of a visit with two pages and a card, medians of {count}:"));
    for (stage, mut ms) in stages {
        tell(format_args!("{stage:>10} {:>6.2} s", middle(&mut ms)));
    }
    tell(format_args!("{:>10} {:>6.2} s (goal: 10 s)", "all", middle(&mut sums)));
    let pid = world.kiosk_id().ok_or("the kiosk does not run")?;
    tell(format_args!("resident while idle, after these visits: {} MB", resident(pid)?));
    Ok(())
}

/// The middle of times in milliseconds, in seconds.
fn middle(ms: &mut [u64]) -> f64 {
    ms.sort_unstable();
    ms.get(ms.len() / 2).map_or(f64::NAN, |ms| *ms as f64 / 1000.0)
}

/// Programs that read the same page and compare the same faces without end, beside the kiosk.
struct Load(Vec<Child>);

impl Load {
    fn start(world: &World, folder: &Path) -> Result<Self, Failure> {
        let page = folder.join("page.png");
        std::fs::write(&page, paper::original(5)?[0].to_png()?)?;
        let face = workspace().join("target/faces/astronaut.png");
        let again = "while :; do \"$@\" >/dev/null 2>&1; done";
        let spawn = |arguments: [&std::ffi::OsStr; 4], models: bool| {
            let kiosk = world.kiosk_command(&[])?;
            let mut command = Command::new("bash");
            command.args(["-c", again, "bash"]).arg(kiosk.get_program());
            command.args(arguments.iter().take(if models { 4 } else { 2 }));
            command.current_dir(workspace()).env("OMP_THREAD_LIMIT", "1");
            std::os::unix::process::CommandExt::process_group(&mut command, 0);
            Ok::<_, Failure>(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
        };
        let read = ["read".as_ref(), page.as_os_str(), "".as_ref(), "".as_ref()];
        let compare = ["face".as_ref(), "compare".as_ref(), face.as_os_str(), face.as_os_str()];
        Ok(Self(vec![spawn(read, false)?, spawn(compare, true)?]))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        for child in &mut self.0 {
            if let Some(group) =
                i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw)
            {
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            }
            let _ = child.wait();
        }
    }
}

/// From a touch until the page that answers it is painted: the visit begins, or ends.
async fn touches(world: &World, folder: &Path, count: usize) -> Result<(), Failure> {
    // A touch is over at the second frame behind the change: the first one has drawn it.
    let script = "const done = arguments[arguments.length - 1]; \
        const touch = (id, state) => new Promise((seen) => { \
          const began = performance.now(); \
          const root = document.documentElement; \
          const watch = new MutationObserver(() => { \
            if (root.dataset.state === state) { \
              watch.disconnect(); \
              requestAnimationFrame(() => requestAnimationFrame( \
                () => seen(performance.now() - began))); \
            } \
          }); \
          watch.observe(root, { attributes: true }); \
          document.getElementById(id).click(); \
        }); \
        (async () => { \
          document.getElementById('start').click(); \
          const begun = await touch('agree', 'collecting'); \
          await new Promise((rest) => setTimeout(rest, 150)); \
          const over = await touch('end', 'idle'); \
          await new Promise((rest) => setTimeout(rest, 150)); \
          done([begun, over]); \
        })();";
    let browser = Browser::start(folder, 1080, 1600).await?;
    browser.open(world.screens()?["citizen"].as_str().unwrap_or_default()).await?;
    browser.text("html[data-state=idle] #say").await?;
    for (words, load) in [("nothing else", false), ("pages and faces read beside it", true)] {
        let load = if load { Some(Load::start(world, folder)?) } else { None };
        let mut took = vec![];
        while took.len() < count {
            let pair = browser.run_to_its_end(script).await?;
            took.extend(pair.as_array().into_iter().flatten().filter_map(Value::as_f64));
        }
        drop(load);
        took.sort_by(f64::total_cmp);
        let at = |share: f64| took[((took.len() as f64 * share) as usize).min(took.len() - 1)];
        tell(format_args!(
            "touch to the painted answer, {words}: median {:.0} ms, p99 {:.0} ms of {} (goal: 100)",
            at(0.5),
            at(0.99),
            took.len()
        ));
    }
    browser.close().await
}
