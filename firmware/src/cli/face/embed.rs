//! `kiosk face embed LIST --out FILE`: templates of many images, for evaluation on large sets.
//!
//! FILE is NumPy's .npy, float32, a row for each line of LIST, NaN where there is no face; FILE.tsv
//! beside it says what was found. On a kiosk nothing like this is ever kept.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use models::face::{Face, FaceEngine, FaceError, FaceModels, Gate, Search};

use super::{Models, Outcome, complain, photo};
use crate::cli::{refuse, say};

/// Longest list: a number per image fits into memory many times over.
const IMAGES_MAX: usize = 5_000_000;

/// Writes templates of many images.
#[derive(Debug, clap::Args)]
pub struct Embed {
    /// A text file with a path of an image on each line.
    list: PathBuf,
    /// The .npy file to write; what was found in each image goes to a .tsv file beside it.
    #[arg(long)]
    out: PathBuf,
    /// Images looked at together; 0 takes one for each processor.
    #[arg(long, default_value_t = 0)]
    workers: usize,
    #[command(flatten)]
    place: Models,
}

/// One line of LIST.
struct Row {
    /// None where the file is no image; the cause is in `note`.
    face: Option<Face>,
    numbers: Vec<f32>,
    note: String,
}

pub(super) fn embed(args: &Embed) -> Outcome {
    let installed = match args.place.open() {
        Ok(installed) => installed,
        Err(outcome) => return outcome,
    };
    let list = match std::fs::read_to_string(&args.list) {
        Ok(list) => list,
        Err(error) => {
            complain(&error, "give a text file with a path of an image on each line");
            return Outcome::Misuse;
        }
    };
    let paths: Vec<&Path> = list.lines().filter(|l| !l.is_empty()).map(Path::new).collect();
    if paths.is_empty() || paths.len() > IMAGES_MAX {
        let hint = "give a path of an image on each line";
        return refuse(format!("{} images are listed", paths.len()), hint);
    }
    let rows = match all(&installed, &paths, args.workers) {
        Ok(rows) => rows,
        Err(error) => {
            complain(&error, "run `make models`");
            return Outcome::Misuse;
        }
    };
    if let Err(error) = write(&args.out, &paths, &rows) {
        return complain(&error, "give a file that can be written");
    }
    let found = rows.iter().filter(|row| !row.numbers.is_empty()).count();
    say(format_args!("{found} of {} images have a face", rows.len()));
    Outcome::Done
}

/// Looks at all images on as many threads as asked for.
fn all(installed: &FaceModels, paths: &[&Path], workers: usize) -> Result<Vec<Row>, FaceError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let workers = if workers == 0 { cores } else { workers }.min(paths.len());
    let next = AtomicUsize::new(0);
    let (done, results) = mpsc::channel();
    let mut rows: Vec<Option<Row>> = paths.iter().map(|_| None).collect();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let (done, next) = (done.clone(), &next);
            scope.spawn(move || {
                let mut engine = match installed.engine() {
                    Ok(engine) => engine,
                    Err(error) => {
                        let _gone = done.send((0, Err(error)));
                        return;
                    }
                };
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(path) = paths.get(at) else { return };
                    if done.send((at, one(&mut engine, path))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        for (at, row) in results {
            rows[at] = Some(row?);
        }
        Ok::<(), FaceError>(())
    })?;
    Ok(rows.into_iter().flatten().collect())
}

fn one(engine: &mut FaceEngine, path: &Path) -> Result<Row, FaceError> {
    let none = |note: String| Row { face: None, numbers: Vec::new(), note };
    let raster = match photo(path) {
        Ok(raster) => raster,
        Err(error) => return Ok(none(crate::chain(&error))),
    };
    let Some(face) = engine.look(&raster, Search::Anywhere)? else {
        return Ok(none("no face".into()));
    };
    let numbers = engine.embed(&face)?.numbers().to_vec();
    let issues = Gate::PORTRAIT.issues(&face.quality);
    let note = issues.iter().map(|issue| issue.id()).collect::<Vec<_>>().join(",");
    Ok(Row { face: Some(face), numbers, note })
}

fn write(out: &Path, paths: &[&Path], rows: &[Row]) -> std::io::Result<()> {
    let width = rows.iter().map(|row| row.numbers.len()).max().unwrap_or(0);
    let mut file = BufWriter::new(std::fs::File::create(out)?);
    file.write_all(&npy_head(rows.len(), width))?;
    for row in rows {
        for i in 0..width {
            let number = row.numbers.get(i).copied().unwrap_or(f32::NAN);
            file.write_all(&number.to_le_bytes())?;
        }
    }
    file.flush()?;
    let mut name = out.as_os_str().to_owned();
    name.push(".tsv");
    let mut table = BufWriter::new(std::fs::File::create(Path::new(&name))?);
    writeln!(
        table,
        "file\tfound\tfaces\trival\tscore\tturns\teye_distance\tyaw\tpitch\troll\tsharpness\t\
         brightness\tmouth\teyes\tnote"
    )?;
    for (path, row) in paths.iter().zip(rows) {
        write!(table, "{}\t{}\t", path.display(), u8::from(row.face.is_some()))?;
        match &row.face {
            Some(face) => {
                let q = &face.quality;
                write!(
                    table,
                    "{}\t{}\t{:.3}\t{}\t{:.1}\t{:.3}\t{:.3}\t{:.1}\t{:.4}\t{:.1}\t{:.3}\t{:.3}",
                    face.faces,
                    u8::from(face.rival),
                    face.score,
                    face.turns,
                    q.eye_distance,
                    q.yaw,
                    q.pitch,
                    q.roll_degrees,
                    q.sharpness,
                    q.brightness,
                    q.mouth,
                    q.eyes
                )?;
            }
            None => write!(table, "0{}", "\t".repeat(11))?,
        }
        writeln!(table, "\t{}", row.note.replace(['\t', '\n'], " "))?;
    }
    table.flush()
}

/// The head of a .npy file, version 1.0: its length is a multiple of 64.
fn npy_head(rows: usize, columns: usize) -> Vec<u8> {
    let text =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    let length = (10 + text.len() + 1).next_multiple_of(64) - 10;
    let mut head = b"\x93NUMPY\x01\x00".to_vec();
    head.extend((length as u16).to_le_bytes());
    head.extend(format!("{text:<width$}\n", width = length - 1).bytes());
    head
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_head_is_as_numpy_wants_it() {
        let head = super::npy_head(13_233, 128);
        assert_eq!(head.len() % 64, 0);
        assert_eq!(usize::from(u16::from_le_bytes([head[8], head[9]])), head.len() - 10);
        assert_eq!(head.last(), Some(&b'\n'));
    }
}
