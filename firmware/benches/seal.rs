//! Speed of a sealed copy against pyHanko's signatures: `cargo bench --workspace --bench seal`.
//!
//! Two pages of an office original become one file. The kiosk lays out, signs for the QR code,
//! signs as officer and as authority, and verifies what it made; img2pdf puts the same images into
//! a PDF and pyHanko signs it as officer and as authority. Both go through the same SoftHSM2
//! tokens, in turns, each in one warm process with its sessions open. The goal is held by
//! processor time, so that whatever else runs here does not count; the time by the clock is
//! printed beside it.
#![expect(clippy::print_stdout, reason = "the benchmark reports to the person who runs it")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use counterpart::{SoftTokens, Subject, TestCa, TokenKey, TokenSpec, Usage};
use drivers_api::{Pin, PixelFormat, Raster, SigningSession, Token};
use drivers_token::{Pkcs11Config, Pkcs11Token};
use formats_copy::{
    Assets, ClockTrust, CopyRequest, PageImage, PlacedWord, Product, TrustAnchors, VerificationCode,
};
use kiosk::steps::certify::{CopyAssets, Sealer};
use kiosk::steps::picture::{RECIPE, encode};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const ROUNDS: usize = 15;
/// The kiosk's part of pyHanko's time.
const GOAL: f64 = 1.0 / 20.0;
const PIN: &str = "246810";
const KINDS: [(TokenKey, &str); 2] =
    [(TokenKey::EcP256, "ECDSA P-256"), (TokenKey::Rsa2048, "RSA-2048")];
/// Names the tokens' folder to the child that sees them.
const FOLDER: &str = "SEAL_BENCH_FOLDER";

fn main() -> ExitCode {
    let done = match std::env::var_os(FOLDER) {
        Some(folder) => bench(Path::new(&folder)),
        None => in_child(),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

/// SoftHSM2 takes its tokens from the environment.
fn in_child() -> Result<bool, Failure> {
    let folder = tempfile::tempdir()?;
    let mut child = Command::new(std::env::current_exe()?);
    child.env(FOLDER, folder.path()).env("SOFTHSM2_CONF", folder.path().join("softhsm2.conf"));
    Ok(child.status()?.success())
}

fn bench(folder: &Path) -> Result<bool, Failure> {
    let ca = TestCa::new("Bench root")?;
    let name = |kind: TokenKey, who: &str| format!("{who}-{kind:?}");
    let specs: Vec<TokenSpec> = KINDS
        .iter()
        .flat_map(|(kind, _)| ["officer", "authority"].map(|who| spec(*kind, name(*kind, who))))
        .collect();
    let tokens = SoftTokens::create(folder, &ca, &specs)?;
    let assets = assets(TrustAnchors::from_pem(ca.root().pem.as_bytes())?)?;
    let pages = pages()?;
    let mut files = Vec::new();
    for (i, page) in pages.iter().enumerate() {
        files.push(folder.join(format!("page-{i}.jpg")));
        std::fs::write(&files[i], &*page.jpeg.read()?)?;
    }
    let request = request(pages);
    let mut well = true;
    for (kind, title) in KINDS {
        let labels = ["officer", "authority"].map(|who| name(kind, who));
        let mut other = Other::start(tokens.module(), &labels, &files)?;
        let mut keys = Vec::new();
        for label in &labels {
            let (module, token) = (tokens.module().to_path_buf(), label.clone());
            let mut token = Pkcs11Token::new(Pkcs11Config { module, key: token.clone(), token });
            keys.push(token.open(&Pin::new(PIN))?);
        }
        well &= compare(title, &assets, &request, &mut keys, &mut other)?;
    }
    Ok(well)
}

/// Seconds by the clock and of the processor.
type Seconds = [f64; 2];

fn compare(
    title: &str,
    assets: &CopyAssets,
    request: &CopyRequest,
    keys: &mut [Box<dyn SigningSession>],
    other: &mut Other,
) -> Result<bool, Failure> {
    let [officer, authority] = keys else { return Err("two keys".into()) };
    let (mut ours, mut theirs, mut first, mut bytes) = (vec![], vec![], vec![], 0);
    let (mut tokens, mut digests) = (vec![], vec![]);
    for round in 0..=ROUNDS {
        let answer = other.once()?;
        let began = (Instant::now(), processor_seconds()?);
        let sealed = assets
            .seal(request, "officer", officer.as_mut(), authority.as_mut())
            .map_err(|trouble| trouble.cause)?;
        let took = since(began)?;
        bytes = sealed.bytes.len();
        let began = (Instant::now(), processor_seconds()?);
        // For the QR code, as officer, as authority.
        authority.sign_digest(&sealed.sha256)?;
        officer.sign_digest(&sealed.sha256)?;
        authority.sign_digest(&sealed.sha256)?;
        let signed = since(began)?;
        let began = (Instant::now(), processor_seconds()?);
        std::hint::black_box(ring::digest::digest(&ring::digest::SHA256, &sealed.bytes));
        let digested = since(began)?;
        // The first round warms both.
        if round > 0 {
            ours.push(took);
            theirs.push(answer.both);
            first.push(answer.first);
            tokens.push(signed);
            digests.push(digested);
        }
    }
    let all = [ours, theirs, first, tokens, digests];
    let [ours, theirs, first, tokens, digest] = all.map(|all: Vec<Seconds>| {
        [0, 1].map(|i| median(all.iter().map(|seconds| seconds[i]).collect()))
    });
    println!("{title}: two pages, {bytes} bytes, {ROUNDS} rounds; milliseconds, medians");
    println!("                                              processor   clock");
    let line = |what: &str, seconds: Seconds| {
        println!("  {what:<42} {:>10.2} {:>8.2}", seconds[1] * 1e3, seconds[0] * 1e3);
    };
    line("img2pdf, one signature by pyHanko", first);
    line("img2pdf, two signatures by pyHanko", theirs);
    line("kiosk: build, two signatures, verify", ours);
    line("  of it three signatures in the tokens", tokens);
    line("  of it the file's bytes hashed twice", digest.map(|seconds| 2.0 * seconds));
    let ratio = ours[1] / theirs[1];
    let verdict = if ratio <= GOAL { "ok" } else { "MISSED" };
    println!(
        "  1/{:.1} of two signatures, 1/{:.1} of one   goal 1/{:.0}   {verdict}",
        1.0 / ratio,
        first[1] / ours[1],
        1.0 / GOAL
    );
    Ok(ratio <= GOAL)
}

fn since((clock, processor): (Instant, f64)) -> Result<Seconds, Failure> {
    Ok([clock.elapsed().as_secs_f64(), processor_seconds()? - processor])
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

/// Of this thread, which does all the work here. The kernel counts up to now when a thread rests,
/// and else some milliseconds late.
fn processor_seconds() -> Result<f64, Failure> {
    std::thread::sleep(Duration::from_nanos(1));
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = text.split(' ').next().unwrap_or_default().parse()?;
    Ok(nanoseconds / 1e9)
}

/// img2pdf and pyHanko in a process of their own.
struct Other {
    ask: ChildStdin,
    answers: std::io::Lines<BufReader<ChildStdout>>,
}

#[derive(serde::Deserialize)]
struct Answer {
    first: Seconds,
    both: Seconds,
}

impl Other {
    fn start(module: &Path, labels: &[String; 2], pages: &[PathBuf]) -> Result<Self, Failure> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut child = Command::new(root.join("target/judges/bin/python"))
            .arg(root.join("tests/judges/sign_pages.py"))
            .arg(module)
            .arg(PIN)
            .args(labels)
            .args(pages)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("no judges: {error}; run `make setup`"))?;
        let ask = child.stdin.take().ok_or("no stdin")?;
        let answers = BufReader::new(child.stdout.take().ok_or("no stdout")?).lines();
        Ok(Self { ask, answers })
    }

    fn once(&mut self) -> Result<Answer, Failure> {
        self.ask.write_all(b"\n")?;
        let line = self.answers.next().ok_or("pyHanko failed: see above")??;
        Ok(serde_json::from_str(&line)?)
    }
}

fn spec(key: TokenKey, name: String) -> TokenSpec {
    TokenSpec {
        label: name.clone(),
        pin: PIN.into(),
        key,
        subject: Subject::new(&name, paper::AUTHORITY),
        key_label: name,
        usage: Usage::DocumentSigner,
    }
}

fn assets(trust: TrustAnchors) -> Result<CopyAssets, Failure> {
    let font = |name| std::fs::read(format!("/usr/share/fonts/truetype/liberation2/{name}.ttf"));
    let given = Assets {
        regular_font: font("LiberationSerif-Regular")?,
        bold_font: font("LiberationSerif-Bold")?,
        seal_png: Some(paper::seal_png(paper::AUTHORITY)?),
        signature_png: None,
    };
    let signatures = [("officer".to_owned(), paper::signature_png(1)?)].into();
    Ok(CopyAssets::new(given, &signatures, trust, None)?)
}

/// The pages as the kiosk keeps them.
fn pages() -> Result<Vec<PageImage>, Failure> {
    let sheets = paper::original(0)?;
    sheets.iter().map(page).collect()
}

fn page(sheet: &paper::Sheet) -> Result<PageImage, Failure> {
    let (width, height) = (sheet.width, sheet.height);
    let raster = Raster::new(width, height, PixelFormat::Rgb8, paper::DPI, sheet.rgb.clone())?;
    let jpeg = encode(&raster, RECIPE)?;
    let words = sheet.words.iter().map(|word| PlacedWord {
        text: word.text.clone(),
        quad: word.quad,
        line: word.line,
    });
    Ok(PageImage {
        jpeg: jpeg.into(),
        over: Vec::new(),
        width,
        height,
        dpi: paper::DPI,
        skew_degrees: 0.0,
        words: words.collect(),
    })
}

fn request(pages: Vec<PageImage>) -> CopyRequest {
    CopyRequest {
        product: Product::ChungThuc,
        code: VerificationCode::from_random([7; 10]),
        number: 7,
        book: "03/2026-SCT/BS".into(),
        issued_at: time::OffsetDateTime::now_utc(),
        authority: paper::AUTHORITY.into(),
        place: "Hà Nội".into(),
        officer: "Nguyễn Thị Thử".into(),
        capacity: "TUQ. CHỦ TỊCH".into(),
        kind: "Quyết định".into(),
        title: "Quyết định".into(),
        corrected: vec![],
        device: "HN-0001".into(),
        sequence: 42,
        pages,
        models: vec![],
        clock: ClockTrust::Synchronised,
        verify_base: "https://tracuu.example.vn".into(),
    }
}
