//! What the stores of kiosk and registry keep when their programs are killed, the power goes, the
//! disk fills up or the medium changes a bit: real files, real processes.
//!
//! `kiosk-crash` and `registry-crash` do a workload that is a pure function of seed and step
//! through the product's own stores, and judge afterwards from the files how many steps are there.
//! `reliability` runs them under kills, power cuts, full disks and bit flips, and writes the table
//! of docs/reliability.md. Nothing here is shipped, and nothing here decides what durable means:
//! the judge reads the journal's frames by itself, and then asks the product for the same answer.
//!
//! Start reading at [`kiosk`] (plan, run, check), then [`trial`].

pub mod dice;
pub mod kiosk;
pub mod trial;
pub mod verdict;

/// Why a program could not do its work at all. Anything may go wrong here, and a person reads it.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
