//! What is done to the programs: kills, power cuts, full disks, flipped bits. Each trial runs the
//! crash programs as processes of their own, captures the counts they print, and takes the word of
//! their `check`.

pub mod flips;
pub mod full;
pub mod kills;
mod loops;
pub mod power;
pub mod program;
mod table;

pub use loops::can_mount;
pub use program::{Kind, Programs};
pub use table::{Row, Tally, table, write_table};
