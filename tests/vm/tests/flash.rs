//! `board/image/flash.sh` on files that stand for cards.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Bytes of the image in these tests, and of a card that is just large enough.
const IMAGE: usize = 3_000_000;

struct Bench {
    dir: PathBuf,
}

impl Bench {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("flash-{name}-{}", std::process::id()));
        fs::create_dir_all(dir.join("bin")).expect("a folder of our own");
        let bytes: Vec<u8> = (0..IMAGE).map(|i| ((i * i) >> 7) as u8).collect();
        fs::write(dir.join("disk.img"), bytes).expect("writable");
        let packed = Command::new("zstd").arg("-q").arg(dir.join("disk.img")).status();
        assert!(packed.expect("zstd is installed").success());
        Self { dir }
    }

    fn card(&self, bytes: usize) -> PathBuf {
        let card = self.dir.join("card");
        fs::write(&card, vec![0xa5; bytes]).expect("writable");
        card
    }

    fn flash(&self, device: &Path) -> Output {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../board/image/flash.sh");
        let path = std::env::var("PATH").expect("there is a PATH");
        Command::new(script)
            .arg(self.dir.join("disk.img.zst"))
            .arg(device)
            .env("YES", "1")
            .env("CARD_BYTES_MIN", IMAGE.to_string())
            .env("PATH", format!("{}:{path}", self.dir.join("bin").display()))
            .output()
            .expect("bash is installed")
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.dir));
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_card_holds_the_image_and_keeps_what_lies_behind_it() {
    let bench = Bench::new("good");
    let card = bench.card(IMAGE + 1000);
    let output = bench.flash(&card);
    assert!(output.status.success(), "{}", said(&output));
    let written = fs::read(&card).expect("the card is a file");
    let image = fs::read(bench.dir.join("disk.img")).expect("the image is a file");
    assert!(written[..IMAGE] == image, "the card does not hold the image");
    assert_eq!(written[IMAGE..], [0xa5; 1000]);
}

#[test]
fn a_card_that_changes_a_byte_is_found() {
    let bench = Bench::new("bad");
    let card = bench.card(IMAGE);
    let dd = bench.dir.join("bin/dd");
    let spoil = "printf X | /bin/dd of=\"$card\" bs=1 seek=2999999 conv=notrunc status=none";
    let script = format!(
        "#!/bin/sh\ncard='{}'\n/bin/dd \"$@\" || exit 1\ncase $* in *of=*) {spoil} ;; esac\n",
        card.display()
    );
    fs::write(&dd, script).expect("writable");
    fs::set_permissions(&dd, fs::Permissions::from_mode(0o755)).expect("ours");
    let output = bench.flash(&card);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("does not hold what was written"));
}

#[test]
fn a_card_that_is_too_small_stays_as_it_was() {
    let bench = Bench::new("small");
    let card = bench.card(IMAGE - 1);
    let output = bench.flash(&card);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert_eq!(fs::read(&card).expect("a file"), vec![0xa5; IMAGE - 1]);
}

#[test]
fn what_is_no_disk_is_refused() {
    let bench = Bench::new("none");
    for device in ["/dev/null", "/does/not/exist"] {
        let output = bench.flash(Path::new(device));
        assert_eq!(output.status.code(), Some(2), "{device}: {}", said(&output));
    }
}
