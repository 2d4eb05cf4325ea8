//! `make demo`: one paper's whole way, with real parts on loopback, told line by line.
//!
//! Leaves its results in `target/demo/`. `--interactive` leaves the officer's decision to the
//! person and keeps the verification pages open until Enter is pressed.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use e2e::{Browser, Failure, OFFICER_PIN, World, WorldOptions, tell, workspace};
use paper::Sheet;
use serde_json::{Value, json};

/// Runs the main job.
#[derive(Debug, Parser)]
struct Arguments {
    /// Leaves the officer's decision to you.
    #[arg(long)]
    interactive: bool,
    /// Folder of the results.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// The story so far: one line a step, and how long each took.
struct Story {
    began: Instant,
    steps: Vec<(&'static str, Duration)>,
}

#[expect(clippy::disallowed_methods, reason = "the demo measures real time")]
fn now() -> Instant {
    Instant::now()
}

/// A JSON text without its quotes.
fn words(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

impl Story {
    fn new() -> Self {
        Self { began: now(), steps: vec![] }
    }

    /// Tells that a step is done.
    fn step(&mut self, name: &'static str, detail: impl std::fmt::Display) {
        let took =
            self.began.elapsed() - self.steps.iter().map(|(_, took)| *took).sum::<Duration>();
        self.steps.push((name, took));
        tell(format_args!(
            "{:>2}. {name:<10} {:>6} ms  {detail}",
            self.steps.len(),
            took.as_millis()
        ));
    }
}

fn main() -> ExitCode {
    let mut arguments = Arguments::parse();
    arguments.interactive |= std::env::var_os("INTERACTIVE").is_some_and(|value| value == "1");
    let out = arguments.out.clone().unwrap_or_else(|| workspace().join("target/demo"));
    match tokio::runtime::Runtime::new()
        .map_err(Failure::from)
        .and_then(|runtime| runtime.block_on(demo(&arguments, &out)))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(format_args!("\nFAILED: {error}"));
            tell("Remedy: read the cause above; programs keep their logs (*.log) in the folder of");
            tell(format_args!(
                "the results, {}. `make setup` installs what is missing.",
                out.display()
            ));
            ExitCode::FAILURE
        }
    }
}

async fn demo(arguments: &Arguments, out: &Path) -> Result<(), Failure> {
    let mut story = Story::new();
    if out.exists() {
        std::fs::remove_dir_all(out)?;
    }
    std::fs::create_dir_all(out)?;
    let pages = paper::original(0)?;
    for (i, page) in pages.iter().enumerate() {
        std::fs::write(out.join(format!("original-{}.png", i + 1)), page.to_png()?)?;
    }
    let card = paper::id_card(paper::ID_PAYLOAD)?;
    story.step("draw", format_args!("a fictitious original of {} pages at 300 dpi", pages.len()));

    let world = World::started(out, WorldOptions::default())?;
    story.step("start", "saned, SoftHSM2 tokens, test CA, registry, kiosk; all on loopback");

    scan(&mut story, &world, &pages)?;
    read(&mut story, &world)?;
    identify(&mut story, &world, &card)?;
    decide(arguments, &world, out).await?;
    let view = world.citizen()?.wait_for(&["issued", "refused"])?;
    if view["state"] == "refused" {
        tell(format_args!("refused: {}", words(&view["refusal"]["en"])));
        return Ok(());
    }
    let issued = view["issued"].clone();
    let field = |key: &str| issued[key].as_str().unwrap_or_default().to_owned();
    story.step(
        "certify",
        format_args!(
            "number {} of book {}, code {}",
            issued["number"],
            field("book"),
            field("code")
        ),
    );

    world.wait_delivered()?;
    story.step("upload", "mutual TLS 1.3; the registry's signed receipt is in the journal");

    let copy = out.join("copy.pdf");
    let sealed = world.state_dir().join(format!("copies/{}.pdf", field("sha256")));
    std::fs::copy(&sealed, &copy)?;
    verify(&mut story, &world, &copy, &field("code"), out).await?;
    summary(&story, &world, &issued, &view["timings"], out)?;
    finish(arguments, &story, &copy, &field("code"), &field("verify_url"));
    Ok(())
}

/// The citizen lays page after page.
fn scan(story: &mut Story, world: &World, pages: &[Sheet]) -> Result<(), Failure> {
    let citizen = world.citizen()?;
    citizen.start()?;
    for page in pages {
        world.saned()?.lay(&page.to_ppm())?;
        let view = citizen.scan_page()?;
        if view["pages"] == 0 {
            return Err(format!("the page was not taken: {}", view["notice"]["en"]).into());
        }
    }
    story.step("scan", format_args!("{} pages over the SANE network protocol", pages.len()));
    Ok(())
}

/// The kiosk reads the pages and checks the grounds for refusal.
fn read(story: &mut Story, world: &World) -> Result<(), Failure> {
    let citizen = world.citizen()?;
    citizen.touch("pages-done")?;
    citizen.wait_for(&["awaiting_card"])?;
    let case = world.officer()?.case()?;
    let count = |key: &str| case[key].as_array().map_or(0, Vec::len);
    story.step(
        "read",
        format_args!(
            "kind: {}; {} findings of the refusal rules",
            words(&case["kind"]["vi"]),
            count("findings")
        ),
    );
    for finding in case["findings"].as_array().into_iter().flatten() {
        let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        tell(format_args!("      [{}] {}: {}", text("rule"), text("level"), text("en")));
    }
    Ok(())
}

/// The citizen's card on the scanner says who asks.
fn identify(story: &mut Story, world: &World, card: &Sheet) -> Result<(), Failure> {
    let citizen = world.citizen()?;
    world.saned()?.lay(&card.to_ppm())?;
    citizen.touch("card")?;
    citizen.wait_for(&["deciding", "awaiting_card"])?;
    let case = world.officer()?.case()?;
    if case["requester"].is_null() {
        return Err("the card's code was not read".into());
    }
    story.step(
        "identify",
        format_args!(
            "{} (fictitious); {}",
            words(&case["requester"]["name"]),
            words(&case["face"]["en"])
        ),
    );
    Ok(())
}

/// The officer's page in a real browser; or, interactively, the person who runs the demo.
async fn decide(arguments: &Arguments, world: &World, out: &Path) -> Result<(), Failure> {
    let screens = world.screens()?;
    let address = screens["officer"].as_str().unwrap_or_default();
    if arguments.interactive {
        tell(format_args!("\n   Now you are the officer. Open {address}"));
        tell(format_args!("   sign in and decide with the PIN {OFFICER_PIN}.\n"));
        let citizen = world.citizen()?;
        loop {
            let view = citizen.view()?;
            if view["state"] == "issued" || view["state"] == "refused" {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }
    let profile = tempfile::tempdir()?;
    let browser = Browser::start(profile.path(), 1366, 900).await?;
    browser.open_signed_in(address, OFFICER_PIN).await?;
    browser.text_with("#case", "").await?;
    browser.fill("#pin", OFFICER_PIN).await?;
    std::fs::write(out.join("officer.png"), browser.screenshot().await?)?;
    browser.click("#approve").await?;
    browser.text_with("#result", "").await?;
    browser.close().await
}

/// Anyone verifies: by code, by file, offline; and a changed byte is refused.
async fn verify(
    story: &mut Story,
    world: &World,
    copy: &Path,
    code: &str,
    out: &Path,
) -> Result<(), Failure> {
    let profile = tempfile::tempdir()?;
    let browser = Browser::start(profile.path(), 1100, 1300).await?;
    browser.open(&world.public_url()).await?;
    browser.fill("#code", code).await?;
    browser.click("form[action='/v'] button").await?;
    browser.text(".banner.good").await?;
    browser.text_with(".facts", code).await?;
    std::fs::write(out.join("verification.png"), browser.screenshot().await?)?;
    browser.close().await?;
    story.step("by code", "the registry's page knows the copy");

    let root = world.root_pem();
    let offline = |file: &Path| -> Result<Value, Failure> {
        let mut command = world.kiosk_command(&["verify", "--json", "--roots"])?;
        let output = command.arg(&root).arg(file).output()?;
        Ok(serde_json::from_slice(&output.stdout)?)
    };
    if offline(copy)?["valid"] != true {
        return Err("kiosk verify refuses the copy".into());
    }
    let mut bytes = std::fs::read(copy)?;
    let middle = bytes.len() / 3;
    bytes[middle] ^= 1;
    let changed = out.join("copy-with-one-changed-byte.pdf");
    std::fs::write(&changed, bytes)?;
    let refused = offline(&changed)?;
    if refused["valid"] != false {
        return Err("kiosk verify accepts a changed copy".into());
    }
    story.step(
        "by file",
        format_args!("kiosk verify accepts the copy; one changed byte: {}", words(&refused["en"])),
    );
    Ok(())
}

fn summary(
    story: &Story,
    world: &World,
    issued: &Value,
    timings: &Value,
    out: &Path,
) -> Result<(), Failure> {
    let steps: Vec<Value> = story
        .steps
        .iter()
        .map(|(name, took)| {
            json!({ "step": name, "ms": u64::try_from(took.as_millis()).unwrap_or(0) })
        })
        .collect();
    let summary = json!({
        "code": issued["code"],
        "number": issued["number"],
        "book": issued["book"],
        "sha256": issued["sha256"],
        "qr": issued["qr"],
        "verification_address": issued["verify_url"],
        "registry": world.public_url(),
        "files": { "copy": "copy.pdf", "root": "trust/root.pem" },
        "steps": steps,
        "kiosk_stages": timings,
    });
    std::fs::write(out.join("summary.json"), serde_json::to_string_pretty(&summary)?)?;
    Ok(())
}

fn finish(arguments: &Arguments, story: &Story, copy: &Path, code: &str, address: &str) {
    tell("");
    tell("   step            time");
    for (name, took) in &story.steps {
        tell(format_args!("   {name:<10} {:>6} ms", took.as_millis()));
    }
    tell(format_args!("   {:<10} {:>6} ms", "total", story.began.elapsed().as_millis()));
    tell("");
    tell(format_args!("code:    {code}"));
    tell(format_args!("file:    {}", copy.display()));
    tell(format_args!("verify:  {address}"));
    if arguments.interactive {
        tell("\nThe pages stay open; press Enter to end.");
        let _ = std::io::stdin().read_line(&mut String::new());
    } else {
        tell("         (served while the demo runs; `make demo INTERACTIVE=1` keeps it open)");
    }
}
