//! The files of the image, as far as they can be judged without making one.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use vm::layout::{self, Partition};

/// The smallest card that is sold with a kiosk, in bytes: 8 GB as makers count.
const CARD: u64 = 8_000_000_000;
/// What must be left for journal and copies.
const DATA_MIN: u64 = 4_000_000_000;
/// Highest exposure, in tenths as systemd takes it.
const EXPOSURE_MAX: &str = "--threshold=20";

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in fs::read_dir(folder).expect("the folder is in the repository") {
        let path = entry.expect("the folder can be listed").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn partitions() -> Vec<Partition> {
    layout::read(&workspace().join("board/image/disk.sfdisk")).expect("the file is understood")
}

#[test]
fn partitions_lie_behind_each_other_and_leave_room_for_data() {
    let partitions = partitions();
    let names: Vec<&str> = partitions.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["esp", "boot-a", "boot-b", "root-a", "root-b"]);
    let mut end = 1 << 20;
    for partition in &partitions {
        assert_eq!(partition.start, end, "{} leaves a gap or overlaps", partition.name);
        end = partition.start + partition.size;
    }
    assert!(end + DATA_MIN <= CARD, "{} bytes are left", CARD - end);
}

#[test]
fn both_slots_are_of_one_size() {
    let partitions = partitions();
    let size = |name: &str| partitions.iter().find(|p| p.name == name).expect("it is there").size;
    assert_eq!(size("boot-a"), size("boot-b"));
    assert_eq!(size("root-a"), size("root-b"));
}

#[test]
fn package_lists_are_sorted_and_name_nothing_twice() {
    let folder = workspace().join("board/image/packages");
    let common = read(&folder.join("common"));
    for list in files(&folder) {
        let text = read(&list);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.is_sorted(), "{} is not sorted", list.display());
        let mut seen = BTreeSet::new();
        let again = lines.iter().find(|line| !seen.insert(**line));
        assert_eq!(again, None, "{}", list.display());
        if !list.ends_with("common") {
            let twice = lines.iter().find(|line| common.lines().any(|c| c == **line));
            assert_eq!(twice, None, "{} repeats the common list", list.display());
        }
    }
}

#[test]
fn every_board_of_the_image_has_its_packages_and_its_devices() {
    let root = workspace();
    for board in files(&root.join("board/image/boards")) {
        let name = board.file_name().expect("a file").to_string_lossy().into_owned();
        assert!(root.join("board/image/packages").join(&name).is_file(), "packages of {name}");
        let devices = read(&root.join("board").join(format!("{name}.toml")));
        assert!(devices.contains(&format!("name = \"{name}\"")), "devices of {name}");
    }
}

/// A folder with the image's own files, and a stand-in for every program that a unit starts.
fn staged(folder: &Path) {
    let source = workspace().join("board/root");
    for file in files(&source) {
        let to = folder.join(file.strip_prefix(&source).expect("below the folder"));
        fs::create_dir_all(to.parent().expect("a folder")).expect("the stage can be written");
        fs::copy(&file, &to).expect("the stage can be written");
        for program in programs(&read(&file)) {
            let stand_in = folder.join(program.trim_start_matches('/'));
            if !stand_in.exists() {
                fs::create_dir_all(stand_in.parent().expect("a folder")).expect("writable");
                fs::write(&stand_in, "").expect("writable");
                fs::set_permissions(&stand_in, fs::Permissions::from_mode(0o755)).expect("ours");
            }
        }
    }
}

fn programs(unit: &str) -> Vec<&str> {
    let starts = unit.lines().filter_map(|line| line.strip_prefix("Exec")?.split_once('='));
    let programs = starts.filter_map(|(_, command)| command.split_whitespace().next());
    let programs = programs.map(|name| name.trim_start_matches(['-', '+', '!', '@', ':']));
    programs.filter(|name| name.starts_with('/')).collect()
}

fn units() -> Vec<PathBuf> {
    let folder = workspace().join("board/root/usr/lib/systemd/system");
    files(&folder)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e != "conf"))
        .collect()
}

#[test]
fn systemd_understands_every_unit() {
    let stage = std::env::temp_dir().join(format!("units-{}", std::process::id()));
    staged(&stage);
    for unit in units() {
        let name = unit.file_name().expect("a file");
        let run = Command::new("systemd-analyze")
            .args(["verify", "--man=no", "--recursive-errors=no", "--root"])
            .arg(&stage)
            .arg(name)
            .output()
            .expect("systemd-analyze is installed");
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        assert!(run.status.success() && said.is_empty(), "{}: {said}", unit.display());
    }
    fs::remove_dir_all(&stage).expect("the stage is ours");
}

#[test]
fn the_daemon_is_shut_in() {
    let run = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager", EXPOSURE_MAX])
        .arg(workspace().join("board/root/usr/lib/systemd/system/kiosk.service"))
        .output()
        .expect("systemd-analyze is installed");
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(said.contains("Overall exposure level for kiosk.service"), "it was judged: {said}");
    assert!(run.status.success(), "{said}");
}

#[test]
fn the_firewall_can_be_loaded_and_drops_by_default() {
    let rules = workspace().join("board/root/etc/nftables.conf");
    let run = Command::new("unshare")
        .args(["--net", "--map-root-user", "nft", "--check", "--file"])
        .arg(&rules)
        .output()
        .expect("unshare is installed");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert!(read(&rules).contains("hook input priority filter; policy drop;"));
}

#[test]
fn no_terminal_and_no_secret_shell_program_is_in_the_image() {
    let preset =
        read(&workspace().join("board/root/usr/lib/systemd/system-preset/00-kiosk.preset"));
    assert!(preset.lines().any(|line| line == "disable *"), "what is not named stays off");
    assert!(!preset.contains("getty") && !preset.contains("ssh"));
    let packages = read(&workspace().join("board/image/packages/common"));
    for unwanted in ["openssh-server", "apt", "telnetd", "avahi-daemon"] {
        assert!(!packages.lines().any(|line| line == unwanted), "{unwanted}");
    }
}

#[test]
fn scripts_of_the_image_are_understood_by_their_shells() {
    let root = workspace();
    let folders = ["board/root/usr/lib/kiosk", "board/image", "board"];
    let mut scripts = 0;
    for file in folders.iter().flat_map(|folder| files(&root.join(folder))) {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let Some(shell) = ["#!/bin/sh", "#!/usr/bin/env bash"]
            .into_iter()
            .find(|first| text.starts_with(&format!("{first}\n")))
        else {
            continue;
        };
        let shell = if shell.ends_with("bash") { "bash" } else { "sh" };
        let run = Command::new(shell).arg("-n").arg(&file).output().expect("a shell is installed");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        scripts += 1;
    }
    assert!(scripts >= 10, "{scripts} scripts were found");
}
