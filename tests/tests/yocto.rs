//! The Yocto layer, as far as it can be judged without the layers that it stands on: what it says
//! twice agrees, what it names exists, and nothing of the image is kept in it again.
//!
//! `yocto-layer/check.sh` does the rest, on a machine that has those layers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const LAYER: &str = "yocto-layer/meta-ban-sao";

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    let path = workspace().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn files(folder: &str) -> Vec<PathBuf> {
    let mut folders = vec![workspace().join(folder)];
    let mut found = vec![];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder is in the repository") {
            let path = entry.expect("the folder can be listed").path();
            if path.is_dir() { &mut folders } else { &mut found }.push(path);
        }
    }
    found.sort();
    found
}

/// The recipes and what is appended to others, with their texts.
fn recipes() -> Vec<(PathBuf, String)> {
    let is_recipe = |path: &PathBuf| {
        path.extension().is_some_and(|e| e == "bb" || e == "bbappend" || e == "inc")
    };
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a recipe can be read");
        (path, text)
    };
    files(LAYER).into_iter().filter(is_recipe).map(read).collect()
}

/// The value of `key = "…"` in a recipe or a configuration; lines may be continued.
fn value(text: &str, key: &str) -> String {
    let joined = text.replace("\\\n", " ");
    let found = joined.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""));
    found.unwrap_or_else(|| panic!("no {key}")).trim_end_matches('"').to_owned()
}

fn version_of_the_workspace() -> String {
    let manifest = read("Cargo.toml");
    let line = manifest.lines().find_map(|line| line.strip_prefix("version = \""));
    line.expect("the workspace has a version").trim_end_matches('"').to_owned()
}

#[test]
fn the_recipe_fetches_the_crates_of_cargo_lock_and_no_other() {
    let lock = read("Cargo.lock");
    let mut expected = BTreeMap::new();
    for entry in lock.split("[[package]]").skip(1) {
        let field = |key: &str| {
            let line = entry.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""));
            line.map(|rest| rest.trim_end_matches('"').to_owned())
        };
        if let Some(checksum) = field("checksum") {
            let name = field("name").expect("a package has a name");
            let version = field("version").expect("a package has a version");
            expected.insert(format!("{name}/{version}"), checksum);
        }
    }
    let list = read(&format!("{LAYER}/recipes-kiosk/kiosk/kiosk-crates.inc"));
    let fetched: BTreeSet<&str> = list
        .lines()
        .filter_map(|line| line.trim().strip_prefix("crate://crates.io/")?.strip_suffix(" \\"))
        .collect();
    let known: BTreeSet<&str> = expected.keys().map(String::as_str).collect();
    assert_eq!(fetched, known, "yocto-layer/crates.py writes the list anew");
    for (crate_and_version, checksum) in &expected {
        let name = crate_and_version.replace('/', "-");
        let line = format!("SRC_URI[{name}.sha256sum] = \"{checksum}\"");
        assert!(list.lines().any(|l| l == line), "yocto-layer/crates.py writes {line}");
    }
}

#[test]
fn versions_are_those_of_the_workspace() {
    let version = version_of_the_workspace();
    let recipe = workspace().join(format!("{LAYER}/recipes-kiosk/kiosk/kiosk_{version}.bb"));
    assert!(recipe.is_file(), "{} is not there", recipe.display());
    let distro = read(&format!("{LAYER}/conf/distro/ban-sao.conf"));
    assert_eq!(value(&distro, "DISTRO_VERSION"), version);
}

#[test]
fn every_file_that_a_recipe_takes_is_there() {
    let mut seen = 0;
    for (recipe, text) in recipes() {
        let folder = recipe.parent().expect("a recipe lies in a folder");
        for word in text.split([' ', '"', '\'', '\n']) {
            let Some(name) = word.strip_prefix("file://") else { continue };
            // Licences lie in what is fetched, and some names are known to bitbake only.
            if name.contains("${") || name.contains(";md5=") {
                continue;
            }
            let name = name.split(';').next().expect("a split has a first part");
            let places = [folder.join("files"), workspace()];
            let found = places.iter().any(|place| place.join(name).exists());
            assert!(found, "{}: no file {name}", recipe.display());
            seen += 1;
        }
    }
    assert!(seen >= 20, "only {seen} files were looked for");
}

#[test]
fn nothing_of_the_image_lies_in_the_layer_again() {
    let name = |path: &PathBuf| path.file_name().map(|n| n.to_string_lossy().into_owned());
    let ours: BTreeSet<String> = ["board/root", "board/image"]
        .iter()
        .flat_map(|f| files(f))
        .filter_map(|p| name(&p))
        .collect();
    let theirs: BTreeMap<String, PathBuf> =
        files(LAYER).into_iter().filter_map(|p| Some((name(&p)?, p))).collect();
    for (name, path) in &theirs {
        assert!(!ours.contains(name), "{} is in board/ already", path.display());
    }
    let root = read(&format!("{LAYER}/recipes-kiosk/kiosk-root/kiosk-root_1.0.bb"));
    assert!(root.contains("${S}/board/root/. ${D}/"), "board/root is taken whole");
    let removed: Vec<&str> = root.lines().filter(|line| line.trim().starts_with("rm ")).collect();
    assert_eq!(removed, ["    rm ${D}${sysconfdir}/fstab"], "and all of it is kept");
    let image = read(&format!("{LAYER}/recipes-core/images/kiosk-image.bb"));
    assert!(image.contains("--preset-mode=full preset-all"), "00-kiosk.preset has the last word");
}

#[test]
fn the_card_has_the_partitions_of_the_debian_card() {
    let names = |text: &str, mark: &str, end: char| -> Vec<String> {
        let parts = text.lines().filter_map(|line| line.split_once(mark));
        parts.map(|(_, rest)| rest.split(end).next().unwrap_or("").to_owned()).collect()
    };
    let layout = names(&read("board/image/disk.sfdisk"), "name=", ',');
    let card = read(&format!("{LAYER}/files/wic/kiosk.wks.in"));
    assert_eq!(names(&card, "--part-name ", ' '), layout);
    for (line, name) in card.lines().filter(|line| line.starts_with("part ")).zip(&layout) {
        for (option, field) in
            [("--fixed-size", "size"), ("--part-type", "type"), ("--uuid", "uuid")]
        {
            let said = format!("{option} ${{@kiosk_partition(d, '{name}', '{field}')}}");
            assert!(line.contains(&said), "{name}: {said} is not in the line");
        }
    }
}

#[test]
fn the_same_terminals_are_taken_away() {
    let script = read("board/image/assemble.sh");
    let mut loops = script.lines().filter_map(|line| line.trim().strip_prefix("for unit in "));
    let debian = loops.next().and_then(|l| l.strip_suffix("; do")).expect("the loop is there");
    let image = read(&format!("{LAYER}/recipes-core/images/kiosk-image.bb"));
    assert_eq!(value(&image, "KIOSK_NO_TERMINALS"), debian);
}

#[test]
fn every_package_of_the_debian_image_has_its_answer_here() {
    let packages = ["common", "qemu-arm64"].map(|f| read(&format!("board/image/packages/{f}")));
    let debian: BTreeSet<&str> = packages.iter().flat_map(|text| text.lines()).collect();
    let table = read("yocto-layer/from-debian");
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    let rows: Vec<(&str, &str)> = rows.filter_map(|line| line.split_once(' ')).collect();
    let answered: BTreeSet<&str> = rows.iter().map(|(package, _)| *package).collect();
    assert_eq!(answered, debian, "yocto-layer/from-debian and board/image/packages");
    let group = read(&format!("{LAYER}/recipes-kiosk/packagegroups/packagegroup-kiosk.bb"));
    let installed: BTreeSet<&str> =
        group.split([' ', '\n', '"', '\'', ',']).filter(|word| !word.is_empty()).collect();
    for (package, answer) in rows.iter().filter(|(_, answer)| !answer.starts_with('[')) {
        for name in answer.split(' ') {
            assert!(installed.contains(name), "{name}, for {package}, is not in the package group");
        }
    }
}

#[test]
fn runtime_and_models_are_fetched_by_the_digests_of_the_debian_image() {
    let pairs = [
        ("models/litert-requirements.txt", "litert/litert_2.3.0.bb"),
        ("models/face/requirements.txt", "kiosk-models/kiosk-models_1.0.bb"),
        ("models/face/requirements-source.txt", "kiosk-models/kiosk-models_1.0.bb"),
    ];
    for (pins, recipe) in pairs {
        let pins = read(pins);
        let recipe_text = read(&format!("{LAYER}/recipes-kiosk/{recipe}"));
        let digests: Vec<&str> =
            pins.split("--hash=sha256:").skip(1).filter_map(|rest| rest.get(..64)).collect();
        assert!(!digests.is_empty(), "nothing is pinned for {recipe}");
        for digest in digests {
            assert!(recipe_text.contains(&format!("\"{digest}\"")), "{recipe} lacks {digest}");
        }
    }
    assert!(read("models/litert-requirements.txt").contains("ai-edge-litert==2.3.0"));
}

#[test]
fn scripts_of_the_layer_are_understood_by_their_shells() {
    let initramfs = format!("{LAYER}/recipes-core/initramfs/files");
    let scripts = [
        ("bash", "yocto-layer/check.sh".to_owned()),
        ("sh", format!("{initramfs}/functions")),
        ("sh", format!("{initramfs}/open-root")),
    ];
    for (shell, script) in scripts {
        let run = Command::new(shell).arg("-n").arg(workspace().join(&script)).output();
        let run = run.expect("a shell is installed");
        assert!(run.status.success(), "{script}: {}", String::from_utf8_lossy(&run.stderr));
    }
}

#[test]
fn the_list_of_crates_is_what_its_script_writes() {
    let script = workspace().join("yocto-layer/crates.py");
    let run = Command::new("python3").arg(script).arg("--check").output();
    let run = run.expect("python3 is installed");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}
