//! A few thousand visits under every fault, in each test run; and every seed that ever failed.

use sim::{Report, chaos::Trouble, run};

const VISITS: u64 = 50;
const SEEDS: u64 = 70;
/// One line each: seed, visits, what it found.
const REGRESSIONS: &str = include_str!("../regressions.txt");

fn replay(seed: u64, visits: u64) -> Report {
    match run(seed, visits) {
        Ok(report) => report,
        Err(violation) => panic!(
            "{violation}\nreplay: make sim SEED={seed} VISITS={visits}\n\
             once mended, keep the seed in tests/sim/regressions.txt"
        ),
    }
}

#[test]
fn nothing_is_lost_doubled_or_left_lying_whatever_fails() {
    sim::hide_simulated_crashes();
    let mut total = Report::default();
    std::thread::scope(|scope| {
        let halves = [0, 1].map(|half| {
            scope.spawn(move || {
                let mut sum = Report::default();
                (1..=SEEDS).filter(|seed| seed % 2 == half).for_each(|seed| {
                    sum.add(&replay(seed, VISITS));
                });
                sum
            })
        });
        for half in halves {
            total.add(&half.join().expect("the seeds of this half"));
        }
    });
    assert!(total.troubled > 2_500, "the trouble itself is broken: {total:?}");
    assert!(total.totals.issued > 900, "too few copies come about: {total:?}");
    assert!(total.totals.deferred > 50, "too few are promised for later: {total:?}");
    assert!(total.totals.printed > 500, "too few are printed: {total:?}");
    assert!(total.restarts > 300, "{total:?}");
    for trouble in Trouble::ALL {
        assert!(total.struck.contains_key(&trouble), "{trouble:?} never struck");
    }
}

#[test]
fn every_seed_that_ever_failed_passes() {
    sim::hide_simulated_crashes();
    for line in REGRESSIONS.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let mut number = || words.next().and_then(|word| word.parse().ok());
        let (Some(seed), Some(visits)) = (number(), number()) else {
            panic!("regressions.txt: {line}");
        };
        replay(seed, visits);
    }
}

#[test]
fn a_run_is_a_function_of_its_seed() {
    sim::hide_simulated_crashes();
    let said = |report: Report| format!("{report:?}");
    assert_eq!(said(replay(7, 60)), said(replay(7, 60)));
    assert_ne!(said(replay(7, 60)), said(replay(8, 60)));
}
