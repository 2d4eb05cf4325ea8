//! `draw-original OUT_DIR`: writes the demo's paper: an original of two pages, an identity card,
//! a seal and a signature.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use paper::{AUTHORITY, ID_PAYLOAD, id_card, original, seal_png, signature_png};

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        return report("usage: draw-original OUT_DIR");
    };
    match write_all(&folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&format!("draw into {}: {error}", folder.display())),
    }
}

#[expect(clippy::print_stderr, reason = "the program's only way to say why it failed")]
fn report(line: &str) -> ExitCode {
    eprintln!("{line}");
    ExitCode::FAILURE
}

fn write_all(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    std::fs::create_dir_all(folder)?;
    for (i, sheet) in original(0)?.iter().enumerate() {
        std::fs::write(folder.join(format!("original-{}.png", i + 1)), sheet.to_png()?)?;
        std::fs::write(folder.join(format!("original-{}.ppm", i + 1)), sheet.to_ppm())?;
    }
    let card = id_card(ID_PAYLOAD)?;
    std::fs::write(folder.join("id-card.ppm"), card.to_ppm())?;
    std::fs::write(folder.join("id-card.png"), card.to_png()?)?;
    std::fs::write(folder.join("seal.png"), seal_png(AUTHORITY)?)?;
    std::fs::write(folder.join("signature.png"), signature_png(1)?)?;
    Ok(())
}
