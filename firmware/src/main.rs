//! The kiosk binary: arguments and exit status, nothing else.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use kiosk::cli::{
    book, ca, cabinet, card, config, diag, face, feedback, issue, journal, keys, outbox, read, run,
    selftest, status, verify,
};

/// Bản Sao: the certified-copy kiosk.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the kiosk: visits, screens, upload.
    Run(run::Run),
    /// Makes a certified copy of image or PDF files, with an officer's decision.
    Issue(issue::Issue),
    /// Reads image or PDF files and prints what they say.
    Read(read::Read),
    /// Reads an identity card from images, or its chip.
    Card(card::Card),
    /// Compares faces, follows a challenge: the face step on files.
    #[command(subcommand)]
    Face(face::Face),
    /// Checks a certified copy offline.
    Verify(verify::Verify),
    /// Copies that are kept and not yet delivered.
    #[command(subcommand)]
    Outbox(outbox::Outbox),
    /// Authorities for demonstrations and training.
    #[command(subcommand)]
    Ca(ca::Ca),
    /// The cabinet that was opened, and its clearing.
    #[command(subcommand)]
    Cabinet(cabinet::Cabinet),
    /// Tells what people said of the service, by day.
    Feedback(book::Period),
    /// Keys, certificates, tokens.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// How the running daemon is.
    Status(status::StatusOf),
    /// Checks devices and parts.
    Selftest(selftest::Selftest),
    /// What a technician sends to the maintainer.
    #[command(subcommand)]
    Diag(diag::Diag),
    /// What the kiosk is set to, and what each key means.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// The register book (sổ chứng thực): open, close, print, refusals.
    #[command(subcommand)]
    Book(book::Book),
    /// The journal that everything is rebuilt from.
    #[command(subcommand)]
    Journal(journal::Journal),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let reads = matches!(
        arguments.command,
        Command::Run(_)
            | Command::Issue(_)
            | Command::Read(_)
            | Command::Selftest(_)
            | Command::Diag(_)
    );
    if reads && let Some(status) = kiosk::one_thread_a_page() {
        return status;
    }
    match arguments.command {
        Command::Run(args) => run::run(args),
        Command::Issue(args) => issue::issue(args),
        Command::Read(args) => read::read(args),
        Command::Card(args) => card::card(args),
        Command::Face(args) => face::face(&args),
        Command::Verify(args) => verify::verify(&args),
        Command::Outbox(args) => outbox::outbox(&args),
        Command::Ca(args) => ca::ca(&args),
        Command::Cabinet(args) => cabinet::cabinet(&args),
        Command::Feedback(args) => feedback::feedback(&args),
        Command::Keys(args) => keys::keys(&args),
        Command::Status(args) => status::status(&args),
        Command::Selftest(args) => selftest::selftest(&args),
        Command::Diag(args) => diag::diag(&args),
        Command::Config(args) => config::config(&args),
        Command::Book(args) => book::book(&args),
        Command::Journal(args) => journal::journal(&args),
    }
    .into()
}
