//! `make bench`: CPU time from scan to sealed copy against `ocrmypdf -l vie` on the same pages, in
//! turns within one run, as a ratio; and what is sent over a poor link for each byte of a copy.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use clap::Parser;
use counterpart::LinkModel;
use e2e::uplink::through_poor_links;
use e2e::{Failure, OFFICER_PIN, World, WorldOptions, ended, tell};

/// Clock ticks a second in `/proc/PID/stat`; fixed at 100 for user space on Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// Kiosks that upload at the same time, each over a poor link of its own, and copies of each.
const POOR_LINKS: (u64, u64) = (8, 2);
/// About what a copy of two colour pages takes.
const COPY_BYTES: usize = 1_000_000;

/// Compares the kiosk with ocrmypdf, and its upload with the bare bytes.
#[derive(Debug, Parser)]
struct Arguments {
    /// Rounds; each runs both.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Measures the upload only.
    #[arg(long)]
    upload_only: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let reading = || if arguments.upload_only { Ok(()) } else { bench(&arguments) };
    ended(reading().and_then(|()| upload()))
}

fn bench(arguments: &Arguments) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let pages = paper::original(0)?;
    let mut images = vec![];
    for (i, page) in pages.iter().enumerate() {
        let file = folder.path().join(format!("page-{}.png", i + 1));
        std::fs::write(&file, page.to_png()?)?;
        images.push(file);
    }
    let originals = folder.path().join("originals.pdf");
    let joined = Command::new("img2pdf").args(&images).arg("-o").arg(&originals).status()?;
    if !joined.success() {
        return Err("img2pdf failed; `make bench` installs it with ocrmypdf".into());
    }
    let world = World::started(&folder.path().join("world"), WorldOptions::default())?;
    let kiosk = world.kiosk_id().ok_or("the kiosk does not run")?;

    tell(format_args!(
        "{} pages, {} rounds; CPU seconds (user + system)",
        pages.len(),
        arguments.rounds
    ));
    tell("round     kiosk: scan to sealed copy   ocrmypdf -l vie   ratio");
    let mut ratios = vec![];
    for round in 1..=arguments.rounds {
        let before = cpu_seconds(kiosk)?;
        issue(&world, &pages)?;
        let ours = cpu_seconds(kiosk)? - before;
        let theirs = ocrmypdf(&originals, folder.path())?;
        tell(format_args!("{round:>5} {ours:>28.2} {theirs:>17.2} {:>7.1}", theirs / ours));
        ratios.push(theirs / ours);
    }
    ratios.sort_by(f64::total_cmp);
    tell(format_args!("median ratio {:.1} (goal: 3 or more)", ratios[ratios.len() / 2]));
    Ok(())
}

/// Copies over links of 300 ms and 2 % loss that break every 200 kB.
fn upload() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let (kiosks, copies) = POOR_LINKS;
    tell(format_args!("{kiosks} kiosks upload {copies} copies of {COPY_BYTES} bytes each"));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let upload = through_poor_links(folder.path(), LinkModel::POOR, POOR_LINKS, COPY_BYTES);
    let toll = runtime.block_on(upload)?;
    tell(format_args!(
        "all copies arrived in {} s over links cut {} times, at {} kB/s each",
        toll.took.as_secs(),
        toll.carried.cuts,
        toll.payload / kiosks / toll.took.as_millis().max(1) as u64,
    ));
    tell(format_args!("bytes sent {:.3} of the payload (goal: 1.15 or less)", toll.ratio()));
    Ok(())
}

/// One visit, from the first scan to the sealed and kept copy.
fn issue(world: &World, pages: &[paper::Sheet]) -> Result<(), Failure> {
    let citizen = world.citizen()?;
    citizen.start()?;
    for page in pages {
        world.saned()?.lay(&page.to_ppm())?;
        citizen.scan_page()?;
    }
    citizen.hand_in()?;
    match world.officer()?.approve("ha", OFFICER_PIN)? {
        (200, _) => {}
        (status, answer) => return Err(format!("not approved: {status} {answer}").into()),
    }
    citizen.wait_for(&["issued"])?;
    citizen.touch("end")?;
    citizen.wait_for(&["idle"])?;
    // What the upload still costs belongs to this round.
    world.wait_delivered()?;
    std::thread::sleep(Duration::from_millis(200));
    Ok(())
}

/// CPU seconds that a process and its finished children have used, from `/proc/PID/stat`.
fn cpu_seconds(pid: u32) -> Result<f64, Failure> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let after_name = stat.rsplit_once(") ").ok_or("unknown form of /proc/PID/stat")?.1;
    let fields: Vec<&str> = after_name.split(' ').collect();
    // Fields 14 to 17 of proc(5): utime, stime, cutime, cstime; the name was field 2.
    let ticks: f64 = fields.iter().skip(11).take(4).filter_map(|f| f.parse::<f64>().ok()).sum();
    Ok(ticks / TICKS_PER_SECOND)
}

/// CPU seconds of ocrmypdf and its children, as bash's `time` tells them.
fn ocrmypdf(originals: &Path, folder: &Path) -> Result<f64, Failure> {
    let script = "TIMEFORMAT='%U %S'; time ocrmypdf -q -l vie \"$0\" \"$1\" >/dev/null 2>&1";
    let output = Command::new("bash")
        .args(["-c", script])
        .arg(originals)
        .arg(folder.join("ocrmypdf.pdf"))
        .env("OMP_THREAD_LIMIT", "1")
        .output()?;
    if !output.status.success() {
        return Err("ocrmypdf failed; `make bench` installs it".into());
    }
    let text = String::from_utf8(output.stderr)?;
    let times: Vec<f64> = text.split_whitespace().filter_map(|time| time.parse().ok()).collect();
    if times.len() != 2 {
        return Err(format!("unexpected times {text:?}").into());
    }
    Ok(times.iter().sum())
}
