//! What reading a chip adds to the card's own time: `cargo bench --workspace --bench chip`.
//!
//! The whole of an identity card is read, portrait and details included, while a clock runs only
//! within the exchanges of commands and answers: the rest is ours, cryptography and checks.
#![expect(clippy::print_stdout, reason = "the benchmark reports to the person who runs it")]

use std::io;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use counterpart::BareCard;
use formats_mrtd::{AccessKey, NoRandom, Transmit, TrustStore, Verdict, Wanted, read};
use time::OffsetDateTime;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The whole by the card's own part.
const GOAL: f64 = 1.15;
const ROUNDS: usize = 9;
/// The two kinds of card in use: their curves and proofs.
const CARDS: [(&str, &[&str]); 2] = [
    ("PACE, active authentication", &[]),
    ("PACE, chip authentication", &["--suite", "aes256", "--curve", "P-256", "--proof", "ca"]),
];

fn main() -> ExitCode {
    match bench() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Counts the time within the exchanges.
struct Clocked<'a> {
    card: &'a mut BareCard,
    spent: Duration,
    commands: u32,
}

impl Transmit for Clocked<'_> {
    type Error = io::Error;

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, io::Error> {
        let began = now();
        let answer = self.card.exchange(command);
        self.spent += began.elapsed();
        self.commands += 1;
        answer
    }
}

fn bench() -> Result<bool, Failure> {
    let mut held = true;
    for (name, options) in CARDS {
        let folder = tempfile::tempdir()?;
        let mut card = BareCard::start(folder.path(), options)?;
        let mut trust = TrustStore::default();
        trust.add_pem(&std::fs::read(card.card().trust())?)?;
        let mut rounds = Vec::new();
        let mut told = String::new();
        for _ in 0..ROUNDS {
            card.reset()?;
            let mut wire = Clocked { card: &mut card, spent: Duration::ZERO, commands: 0 };
            let keys = [AccessKey::Can("999999".into())];
            let wanted = Wanted { portrait: true, details: true };
            let began = now();
            let chip = read(&mut wire, &keys, wanted, &trust, today(), &mut random)
                .map_err(|error| format!("{error:?}"))?;
            let whole = began.elapsed();
            if chip.evidence.verdict() != Verdict::Genuine {
                return Err(format!("not genuine: {:?}", chip.evidence.verdict()).into());
            }
            let (own, commands) = (whole.saturating_sub(wire.spent), wire.commands);
            told = format!("{commands} commands, {own:.1?} of {whole:.0?} are ours");
            rounds.push(whole.as_secs_f64() / wire.spent.as_secs_f64());
        }
        rounds.sort_by(f64::total_cmp);
        let median = rounds[ROUNDS / 2];
        let word = if median <= GOAL { "held" } else { "MISSED" };
        println!("{name}: {median:.3} of the card's own time (goal {GOAL}): {word}; {told}");
        held &= median <= GOAL;
    }
    Ok(held)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "the card's certificates begin to hold today")]
fn today() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn random(buffer: &mut [u8]) -> Result<(), NoRandom> {
    getrandom::fill(buffer).map_err(|_| NoRandom)
}
