//! Every seed, golden file and once failing input goes through its target.

use std::path::{Path, PathBuf};

use fuzz::{TARGETS, Target};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files of a target's folders.
fn inputs(target: &Target) -> Vec<PathBuf> {
    let own = root().join("tests/fuzz/seeds").join(target.name);
    let golden = target.golden.iter().map(|folder| root().join(folder));
    let folders = std::iter::once(own).chain(golden);
    let files = |folder: PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten();
    folders.flat_map(files).map(|entry| entry.path()).collect()
}

#[test]
fn no_seed_makes_its_target_panic_or_accept_a_false_copy() {
    for target in &TARGETS {
        let inputs = inputs(target);
        assert!(!inputs.is_empty(), "{} has no seed", target.name);
        for input in inputs {
            let bytes = std::fs::read(&input).expect("a seed");
            (target.run)(&bytes);
            // Broken off, and with one byte changed: what a fuzzer tries first.
            let step = bytes.len() / 8 + 1;
            for at in (0..bytes.len()).step_by(step) {
                (target.run)(&bytes[..at]);
                let mut changed = bytes.clone();
                changed[at] ^= 0x81;
                (target.run)(&changed);
            }
        }
    }
}

#[test]
fn every_folder_of_seeds_belongs_to_a_target() {
    for entry in std::fs::read_dir(root().join("tests/fuzz/seeds")).expect("the seeds") {
        let name = entry.expect("an entry").file_name();
        assert!(TARGETS.iter().any(|target| name == target.name), "{name:?} is of no target");
    }
}
