//! How much memory a thick file takes.

mod common;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use common::{TestCa, assets, request};
use formats_copy::{
    CopyRequest, GenuineCopy, ImageFile, ImageSource, PAGE_COUNT_MAX, PageImage, PlacedWord, seal,
};

/// Of a process that seals and verifies a thick file, at its peak.
const PEAK_BYTES_MAX: u64 = 120_000_000;
/// A page of few words. One of dense prose takes twice as much (decision 0014), and then a copy of
/// so many pages is longer than a copy may be.
const PAGE_BYTES: usize = 350_000;
/// How often the words of the sample page stand on a page: some 350, as in a page of prose.
const TIMES: usize = 12;
/// Names the page's file to the process that is measured.
const PAGE: &str = "MEMORY_TEST_PAGE";

/// A page that lies in a file.
struct OnDisk(PathBuf);

impl ImageSource for OnDisk {
    fn file(&self) -> std::io::Result<Cow<'_, [u8]>> {
        std::fs::read(&self.0).map(Cow::Owned)
    }
}

fn thick(page: &Path) -> CopyRequest {
    let sample = common::page(100, 0.0);
    let words = (0..TIMES).flat_map(|_| sample.words.clone()).enumerate();
    let words: Vec<_> = words.map(|(i, word)| PlacedWord { line: i / 10, ..word }).collect();
    let page = |_| PageImage {
        jpeg: ImageFile::of(Arc::new(OnDisk(page.into()))),
        words: words.clone(),
        ..sample.clone()
    };
    CopyRequest { pages: (0..PAGE_COUNT_MAX).map(page).collect(), ..request() }
}

/// The most memory that this process had, in bytes (proc(5), `VmHWM`).
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

#[expect(clippy::print_stdout, reason = "the test that started this process reads it")]
fn seal_and_verify(page: &Path) {
    let ca = TestCa::new("Test Root");
    let (mut officer, mut authority) = (ca.ec_signer("a"), ca.rsa_signer("b"));
    let request = thick(page);
    let copy = seal(&request, &assets(), &mut officer, &mut authority).expect("a copy");
    let length = copy.bytes.len();
    assert!(length > PAGE_COUNT_MAX * PAGE_BYTES);
    let genuine = GenuineCopy::read(copy.bytes, &ca.trust()).expect("it verifies");
    assert_eq!(genuine.verified().manifest.pages.len(), PAGE_COUNT_MAX);
    println!("copy {length} peak {}", peak());
}

#[test]
fn a_file_of_200_pages_is_sealed_and_verified_in_120_megabytes() {
    if let Some(page) = std::env::var_os(PAGE) {
        return seal_and_verify(Path::new(&page));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("page.jpg");
    let mut jpeg = common::page(100, 0.0).jpeg.read().expect("in memory").into_owned();
    assert!(jpeg.len() < PAGE_BYTES);
    // Readers stop at the end of the image.
    jpeg.resize(PAGE_BYTES, 0);
    std::fs::write(&page, jpeg).expect("the page is written");
    let name = "a_file_of_200_pages_is_sealed_and_verified_in_120_megabytes";
    let mut child = Command::new(std::env::current_exe().expect("this test's program"));
    let output = child.args([name, "--exact", "--nocapture"]).env(PAGE, &page).output();
    let output = output.expect("it runs again");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let peak = text.split_once(" peak ").and_then(|(_, rest)| rest.split_whitespace().next());
    let peak: u64 = peak.and_then(|peak| peak.parse().ok()).unwrap_or_else(|| panic!("{text}"));
    assert!(peak <= PEAK_BYTES_MAX, "{text}");
}
