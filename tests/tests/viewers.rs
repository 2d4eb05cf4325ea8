//! The viewers that people have: poppler, mupdf and pdf.js draw each product's copy without a word
//! of warning, and draw the same.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use e2e::{Browser, Failure, OFFICER_PIN, World, WorldOptions, workspace};
use image::RgbImage;

/// Side of the squares whose mean colours are compared, in pixels (2 mm): within them viewers scale
/// the scan of 300 dots an inch down in ways of their own.
const SQUARE: u32 = 6;
/// How far two viewers' squares may be from each other: the mean over all channels, and the part of
/// them that are plainly others.
const MEAN_MAX: f32 = 4.0;
const OTHERS_MAX: f32 = 0.005;
const PLAINLY: f32 = 48.0;
/// What mupdf says of its own build in Debian, whatever it draws.
const MUPDF_BUILD: &str = "warning: ICC support is not available";

/// A sealed copy of two pages.
fn issued(folder: &Path, product: &'static str) -> Result<PathBuf, Failure> {
    let mut sheets = Vec::new();
    for (number, page) in paper::original(5)?.iter().enumerate() {
        let path = folder.join(format!("{product}-{number}.ppm"));
        std::fs::write(&path, page.to_ppm())?;
        sheets.push(path);
    }
    let pages = sheets.len();
    let options = WorldOptions { sim_sheets: Some(sheets), product, ..WorldOptions::default() };
    let world = World::started(&folder.join(product), options)?;
    let citizen = world.citizen()?;
    citizen.start()?;
    for _ in 0..pages {
        citizen.scan_page()?;
    }
    citizen.hand_in()?;
    let (status, answer) = world.officer()?.approve("ha", OFFICER_PIN)?;
    assert_eq!(status, 200, "{answer}");
    let sha256 = answer["issued"]["sha256"].as_str().ok_or("no digest")?;
    let copy = folder.join(format!("{product}.pdf"));
    std::fs::copy(world.state_dir().join(format!("copies/{sha256}.pdf")), &copy)?;
    Ok(copy)
}

/// The pages as a program draws them at 72 dots an inch, and what it says beside that.
fn drawn(program: &str, args: &[&str], copy: &Path) -> Result<(Vec<RgbImage>, String), Failure> {
    let folder = tempfile::tempdir()?;
    let mut command = Command::new(program);
    command.args(args).current_dir(folder.path());
    let done = if program == "mutool" {
        command.args(["-o", "page-%d.png"]).arg(copy).output()
    } else {
        command.arg(copy).arg("page").output()
    };
    let done = done.map_err(|error| format!("{program}: {error}; `make setup` installs it"))?;
    assert!(done.status.success(), "{program}: {done:?}");
    let mut files: Vec<_> =
        std::fs::read_dir(folder.path())?.map(|e| Ok(e?.path())).collect::<Result<_, Failure>>()?;
    files.sort();
    let pictures = files.iter().map(|path| Ok(image::open(path)?.to_rgb8()));
    let pictures = pictures.collect::<Result<_, Failure>>()?;
    Ok((pictures, String::from_utf8_lossy(&done.stderr).into_owned()))
}

/// Serves the viewer and a copy on loopback for as long as the process lives; returns the address.
fn served(copy: &Path) -> Result<String, Failure> {
    let ours = workspace().join("tests/counterpart/node");
    let package = workspace().join("target/node/node_modules/pdfjs-dist");
    if !package.exists() {
        return Err("pdf.js is not here: `make setup` installs it".into());
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}/", listener.local_addr()?);
    let copy = copy.to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (ours, package, copy) = (ours.clone(), package.clone(), copy.clone());
            // A browser opens connections that it never uses: each has a thread of its own.
            std::thread::spawn(move || answer(stream, &ours, &package, &copy));
        }
    });
    Ok(address)
}

fn answer(mut stream: TcpStream, ours: &Path, package: &Path, copy: &Path) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let wanted = first.split(' ').nth(1).unwrap_or("/").trim_start_matches('/');
    let file = match wanted {
        "" => ours.join("pdf-viewer.html"),
        "worker.mjs" => ours.join("pdf-worker.mjs"),
        "copy.pdf" => copy.to_owned(),
        inside => package.join(inside),
    };
    let kind = match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("mjs") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    };
    let (status, body) = match std::fs::read(&file) {
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", vec![]),
    };
    write!(stream, "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nConnection: close\r\n")?;
    write!(stream, "Content-Length: {}\r\n\r\n", body.len())?;
    stream.write_all(&body)
}

/// The pages as pdf.js draws them, and what it says beside that.
async fn in_browser(
    browser: &Browser,
    copy: &Path,
) -> Result<(Vec<RgbImage>, Vec<String>), Failure> {
    browser.open(&served(copy)?).await?;
    browser.text_with("#state", "done").await?;
    let said: Vec<String> = serde_json::from_value(browser.run("return window.said").await?)?;
    let pictures: Vec<String> =
        serde_json::from_value(browser.run("return window.pictures || []").await?)?;
    let decoded = pictures.iter().map(|url| {
        let (_, base64) = url.split_once(',').ok_or("no picture")?;
        Ok(image::load_from_memory(&STANDARD.decode(base64)?)?.to_rgb8())
    });
    Ok((decoded.collect::<Result<_, Failure>>()?, said))
}

/// Compares what both pictures have: viewers round the last row and column differently.
fn compare(name: &str, one: &RgbImage, other: &RgbImage) {
    let (width, height) = (one.width().min(other.width()), one.height().min(other.height()));
    let most = one.width().max(other.width()) - width + one.height().max(other.height()) - height;
    assert!(most <= 2, "{name}: {:?} and {:?}", one.dimensions(), other.dimensions());
    let (mut sum, mut others, mut count) = (0.0, 0.0, 0.0);
    let corners = |side: u32| (0..side / SQUARE).map(|at| at * SQUARE);
    for (x, y) in corners(height).flat_map(|y| corners(width).map(move |x| (x, y))) {
        for (a, b) in mean(one, x, y).into_iter().zip(mean(other, x, y)) {
            sum += (a - b).abs();
            others += f32::from(u8::from((a - b).abs() > PLAINLY));
            count += 1.0;
        }
    }
    let (mean, others) = (sum / count, others / count);
    assert!(mean <= MEAN_MAX && others <= OTHERS_MAX, "{name}: mean {mean}, {others} plainly");
}

/// The mean colour of the square at a corner.
fn mean(picture: &RgbImage, left: u32, top: u32) -> [f32; 3] {
    let mut sum = [0.0; 3];
    for (x, y) in (0..SQUARE).flat_map(|y| (0..SQUARE).map(move |x| (left + x, top + y))) {
        for (channel, value) in sum.iter_mut().zip(picture.get_pixel(x, y).0) {
            *channel += f32::from(value);
        }
    }
    sum.map(|channel| channel / (SQUARE * SQUARE) as f32)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_viewer_draws_each_product_alike_and_without_a_warning() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let browser = Browser::start(folder.path(), 1000, 1000).await?;
    for (product, pages) in [("chung-thuc", 3), ("sao-y", 2)] {
        let copy = tokio::task::block_in_place(|| issued(folder.path(), product))?;
        let (poppler, said) = drawn("pdftoppm", &["-png", "-r", "72"], &copy)?;
        assert_eq!((poppler.len(), said.as_str()), (pages, ""), "{product}, poppler");
        let (mupdf, said) = drawn("mutool", &["draw", "-q", "-r", "72"], &copy)?;
        let said: Vec<_> = said.lines().filter(|line| *line != MUPDF_BUILD).collect();
        assert_eq!((mupdf.len(), said), (pages, vec![]), "{product}, mupdf");
        let (pdfjs, said) = in_browser(&browser, &copy).await?;
        assert_eq!((pdfjs.len(), said), (pages, vec![]), "{product}, pdf.js");
        for page in 0..pages {
            compare(&format!("{product} {page}, mupdf"), &poppler[page], &mupdf[page]);
            compare(&format!("{product} {page}, pdf.js"), &poppler[page], &pdfjs[page]);
        }
    }
    browser.close().await
}

/// Viewers mend this file, and say so: it has no table of its objects.
const BROKEN: &str = "%PDF-1.4
1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj
3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R>> endobj
4 0 obj <</Length 8>> stream
1 w 0 g
endstream endobj
trailer <</Root 1 0 R>>
";

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_that_warns_is_heard() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let broken = folder.path().join("broken.pdf");
    std::fs::write(&broken, BROKEN)?;
    for (program, args) in
        [("pdftoppm", &["-png", "-r", "72"][..]), ("mutool", &["draw", "-q", "-r", "72"])]
    {
        let (_, said) = drawn(program, args, &broken)?;
        let said = said.lines().find(|line| *line != MUPDF_BUILD);
        assert!(said.is_some(), "{program} says nothing");
    }
    let browser = Browser::start(folder.path(), 1000, 1000).await?;
    let (_, said) = in_browser(&browser, &broken).await?;
    assert!(said.iter().any(|line| line.starts_with("warn: Warning")), "{said:?}");
    browser.close().await
}
