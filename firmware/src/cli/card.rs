//! `kiosk card …`: what an identity card says, from images of it or from its chip.

mod chip;
mod files;

use std::path::PathBuf;

use super::Outcome;
use super::read::ReaderFiles;
use crate::config::ReadingEngine;

/// Reads an identity card: QR code and machine-readable zone of images, or its chip. Of images it
/// ends with 0 when something was read and nothing contradicts it, 1 otherwise.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Card {
    #[command(subcommand)]
    command: Option<Command>,
    /// Images of the card, one side or both: PNG, JPEG, PNM or PDF files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    /// Which reader of pages is asked too where the reader of zones finds no zone that stands.
    #[arg(long, value_enum)]
    engine: Option<ReadingEngine>,
    #[command(flatten)]
    readers: ReaderFiles,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Reads the chip of the card on the reader, and says whether it is genuine. Ends with 0 when
    /// it is, 3 when it was read and is not known to be, 1 when it was not read.
    Read(chip::Read),
}

/// Runs the command.
pub fn card(args: Card) -> Outcome {
    match args.command {
        Some(Command::Read(read)) => chip::read(&read),
        None => files::read(args),
    }
}

/// A text that tells its length and end only: `…0001 (12)`.
fn masked(text: &str) -> String {
    let count = text.chars().count();
    let end: String = text.chars().skip(count.saturating_sub(2)).collect();
    format!("…{end} ({count})")
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_masked_tells_its_length_and_end() {
        assert_eq!(super::masked("001199999999"), "…99 (12)");
        assert_eq!(super::masked("Thử"), "…hử (3)");
        assert_eq!(super::masked(""), "… (0)");
    }
}
