//! The house rules a machine can hold: who may depend on whom, how long a function, file or line
//! may be, which words never land, that documents point at something.
//!
//! Reads sources and cargo's metadata only; knows nothing about what the programs do. Each rule
//! is one test, and a failure lists every place at once. STYLE.md gives the reasons.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};

const FUNCTION_LINES_MAX: usize = 70;
const FILE_LINES_MAX: usize = 800;
const COLUMNS_MAX: usize = 100;

/// What each package may build on, as folders; a folder ending in `/` means all packages in it.
/// The product's order: formats, devices, models, then the two programs. Nothing is above those.
const MAY_USE: &[(&str, &[&str])] = &[
    ("formats/", &["formats/"]),
    ("drivers/api", &["formats/"]),
    ("drivers/", &["drivers/api", "formats/"]),
    ("models/tflite-abi", &[]),
    ("models", &["drivers/api", "formats/vn", "models/tflite-abi"]),
    ("board", &[]),
    ("firmware", &["board", "drivers/", "formats/", "models"]),
    ("registry", &["formats/"]),
    ("tests/counterpart", &[]),
    ("tests/crash", &["firmware", "formats/", "registry"]),
    ("tests/faces", &[]),
    ("tests/fuzz", &["drivers/", "firmware", "formats/", "models"]),
    ("tests/paper", &[]),
    ("tests/sim", &["drivers/", "firmware", "formats/", "models", "registry"]),
    ("tests/vm", &[]),
    ("tests", &["drivers/api", "firmware", "formats/", "models", "registry", "tests/"]),
];
/// What any package's own tests may use besides.
const TESTS_MAY_USE: &[&str] = &["drivers/", "tests/"];

/// Folders whose packages stay usable without an executor, however deep the dependency.
const NO_RUNTIME: &[&str] = &["board", "drivers/", "formats/", "models"];
const RUNTIMES: &[&str] = &["async-executor", "async-std", "embassy-executor", "smol", "tokio"];

/// The visit decides and does nothing else: no name that can reach the world.
const VISIT: &str = "firmware/src/visit";
const WORLD: &[&str] = &[
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "Instant::now",
    "SystemTime",
    "now_utc",
    "rustix::",
    "tokio::",
    "getrandom",
];

const BANNED: &[&str] = &[
    "TODO",
    "FIXME",
    "HACK",
    "dbg!(",
    "#[ignore",
    "#[should_panic",
    "#[allow(",
    "/home/",
    "/Users/",
];

#[test]
fn packages_depend_only_in_the_direction_of_the_house() {
    let metadata = metadata();
    let home: BTreeMap<&str, String> =
        metadata.workspace_packages().iter().map(|p| (p.name.as_str(), folder(p))).collect();
    let mut wrong = Vec::new();
    for package in metadata.workspace_packages() {
        let from = folder(package);
        let Some((_, allowed)) = MAY_USE.iter().find(|(place, _)| within(&from, place)) else {
            wrong.push(format!("{from}: has no row in MAY_USE"));
            continue;
        };
        for dependency in &package.dependencies {
            let Some(to) = home.get(dependency.name.as_str()) else { continue };
            let tests_only = dependency.kind == DependencyKind::Development;
            let fine = allowed.iter().any(|place| within(to, place))
                || tests_only && TESTS_MAY_USE.iter().any(|place| within(to, place));
            if !fine {
                wrong.push(format!("{from} must not depend on {to} ({:?})", dependency.kind));
            }
        }
    }
    report(wrong);
}

#[test]
fn formats_devices_and_models_bring_no_async_runtime() {
    let metadata = metadata();
    let mut wrong = Vec::new();
    for package in metadata.workspace_packages() {
        let place = folder(package);
        if !NO_RUNTIME.iter().any(|folder| within(&place, folder)) {
            continue;
        }
        for name in linked(&metadata, &package.id) {
            if RUNTIMES.contains(&name.as_str()) {
                wrong.push(format!("{place} links {name}"));
            }
        }
    }
    report(wrong);
}

#[test]
fn every_package_takes_lints_and_versions_from_the_workspace() {
    let mut wrong = Vec::new();
    for package in metadata().workspace_packages() {
        let manifest = read(package.manifest_path.as_std_path());
        if !manifest.contains("[lints]\nworkspace = true") {
            wrong.push(format!("{}: no [lints] workspace = true", package.name));
        }
        let own = manifest.lines().filter(|l| l.contains("version = \"") || l.contains(" = \""));
        for line in own.filter(|l| !l.starts_with("name") && !l.starts_with("path")) {
            wrong.push(format!("{}: belongs into the root Cargo.toml: {line}", package.name));
        }
    }
    report(wrong);
}

#[test]
fn the_visit_reaches_nothing_of_the_world() {
    let mut wrong = Vec::new();
    for file in rust_files().iter().filter(|f| f.starts_with(VISIT)) {
        for (number, line) in read(&root().join(file)).lines().enumerate() {
            for word in WORLD.iter().filter(|word| line.contains(*word)) {
                wrong.push(format!("{file}:{}: {word}", number + 1));
            }
        }
    }
    report(wrong);
}

#[test]
fn functions_files_and_lines_stay_small() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for file in rust_files() {
        let text = read(&root().join(&file));
        let lines: Vec<&str> = text.lines().collect();
        if lines.len() > FILE_LINES_MAX {
            wrong.push(format!("{file}: {} lines, at most {FILE_LINES_MAX}", lines.len()));
        }
        for (number, line) in lines.iter().enumerate() {
            let columns = line.chars().count();
            if columns > COLUMNS_MAX {
                wrong.push(format!("{file}:{}: {columns} columns", number + 1));
            }
        }
        for function in functions(&lines) {
            seen += 1;
            if function.length > FUNCTION_LINES_MAX {
                wrong.push(format!(
                    "{file}:{}: function of {} lines, at most {FUNCTION_LINES_MAX}",
                    function.line, function.length
                ));
            }
        }
    }
    assert!(seen > 100, "only {seen} functions found: the scan itself is broken");
    report(wrong);
}

#[test]
fn words_that_never_land_are_nowhere() {
    let mut wrong = Vec::new();
    for file in text_files().iter().filter(|f| !f.ends_with("tidy.rs")) {
        for (number, line) in read(&root().join(file)).lines().enumerate() {
            for word in BANNED.iter().filter(|word| line.contains(*word)) {
                wrong.push(format!("{file}:{}: {word}", number + 1));
            }
        }
    }
    report(wrong);
}

#[test]
fn every_crate_opens_with_what_it_is() {
    let mut wrong = Vec::new();
    for package in metadata().workspace_packages() {
        for target in package.targets.iter().filter(|t| !t.is_custom_build()) {
            let text = read(target.src_path.as_std_path());
            if !text.starts_with("//!") {
                wrong.push(format!("{}: does not begin with //!", target.src_path));
            }
        }
    }
    report(wrong);
}

#[test]
fn links_in_documents_lead_somewhere() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for file in text_files().iter().filter(|f| f.ends_with(".md")) {
        let path = root().join(file);
        let folder = path.parent().expect("a file lies in a folder");
        for target in links(&read(&path)) {
            seen += 1;
            if !folder.join(&target).exists() {
                wrong.push(format!("{file}: nothing at {target}"));
            }
        }
    }
    assert!(seen > 10, "only {seen} links found: the scan itself is broken");
    report(wrong);
}

#[test]
fn readme_and_architecture_name_every_top_level_folder() {
    let mut wrong = Vec::new();
    for document in ["README.md", "ARCHITECTURE.md"] {
        let text = read(&root().join(document));
        for folder in top_level_folders() {
            if !text.contains(&format!("{folder}/")) {
                wrong.push(format!("{document}: does not name {folder}/"));
            }
        }
    }
    report(wrong);
}

#[test]
fn the_function_scan_measures_what_a_reader_sees() {
    let source = "pub(crate) fn long<T>(\n    a: T,\n) -> T\nwhere\n    T: Copy,\n{\n    a\n}\n\n\
                  trait Shape {\n    fn area(&self) -> f32;\n    fn draw(\n        &self,\n    );\n\
                  }\n\nfn short() {}\n";
    let lines: Vec<&str> = source.lines().collect();
    let lengths: Vec<usize> = functions(&lines).iter().map(|f| f.length).collect();
    assert_eq!(lengths, [8, 1, 3, 1]);
}

struct Function {
    /// Line of the `fn`, from 1.
    line: usize,
    /// Lines from the `fn` to its closing brace, both counted.
    length: usize,
}

/// Functions of rustfmt's output: a body ends at the first `}` as far in as its `fn`.
fn functions(lines: &[&str]) -> Vec<Function> {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate().filter(|(_, line)| opens_function(line)) {
        let ends = |(at, other): (usize, &&str)| {
            let text = other.trim();
            let level = depth(other) == depth(line) && !text.is_empty();
            let closes = text.starts_with('}') || text.starts_with(')') && text.ends_with(';');
            (at == 0 && (text.ends_with(';') || text.ends_with('}'))) || (at > 0 && level && closes)
        };
        let length = lines[start..].iter().enumerate().position(ends);
        found.push(Function { line: start + 1, length: length.map_or(usize::MAX, |at| at + 1) });
    }
    found
}

fn opens_function(line: &str) -> bool {
    let is_modifier = |word: &str| {
        word.starts_with("pub") || ["async", "const", "unsafe", "extern", "\"C\""].contains(&word)
    };
    line.trim_start().split(' ').find(|word| !is_modifier(word)) == Some("fn")
}

/// Relative targets of Markdown links, without their anchors, outside code fences.
fn links(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        for rest in line.split("](").skip(1).filter(|_| !fenced) {
            let target = rest.split([')', '#']).next().unwrap_or_default();
            let outside = target.contains("://") || target.starts_with("mailto:");
            if !target.is_empty() && !outside {
                found.push(target.to_owned());
            }
        }
    }
    found
}

/// Names of all packages that end up in a program using `start`: normal dependencies, followed.
fn linked(metadata: &Metadata, start: &PackageId) -> BTreeSet<String> {
    let resolve = metadata.resolve.as_ref().expect("cargo metadata resolves by default");
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let mut reached = BTreeSet::new();
    let mut waiting = vec![start];
    while let Some(id) = waiting.pop() {
        if !reached.insert(id) {
            continue;
        }
        let normal = nodes[id].deps.iter().filter(|dependency| {
            dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal)
        });
        waiting.extend(normal.map(|dependency| &dependency.pkg));
    }
    reached.iter().map(|id| metadata[*id].name.to_string()).collect()
}

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(
            ["--locked", "--filter-platform=x86_64-unknown-linux-gnu"].map(str::to_owned),
        )
        .exec()
        .expect("cargo describes this workspace from its lock file")
}

/// A package's folder, relative to the repository.
fn folder(package: &Package) -> String {
    let manifest = package.manifest_path.as_std_path();
    relative(manifest.parent().expect("a manifest lies in a folder"))
}

/// `place` ending in `/` holds every folder below it; any other is one folder.
fn within(folder: &str, place: &str) -> bool {
    if place.ends_with('/') { folder.starts_with(place) } else { folder == place }
}

fn rust_files() -> Vec<String> {
    text_files().into_iter().filter(|file| file.ends_with(".rs")).collect()
}

/// Everything a person wrote here, relative to the repository, sorted.
fn text_files() -> Vec<String> {
    const WRITTEN: &[&str] = &["css", "html", "js", "md", "py", "rs", "sh", "sql", "toml", "txt"];
    let mut found = Vec::new();
    let mut waiting = vec![root()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).expect("the repository can be listed") {
            let path = entry.expect("an entry of the repository can be read").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && !skipped(&name) {
                waiting.push(path);
            } else if path.is_file() {
                let extension = path.extension().unwrap_or_default().to_string_lossy();
                if WRITTEN.contains(&&*extension) || name == "Makefile" {
                    found.push(relative(&path));
                }
            }
        }
    }
    found.sort();
    found
}

fn top_level_folders() -> Vec<String> {
    let entries = fs::read_dir(root()).expect("the repository can be listed").flatten();
    let names = entries.filter(|entry| entry.path().is_dir());
    names.map(|e| e.file_name().to_string_lossy().into_owned()).filter(|n| !skipped(n)).collect()
}

/// Folders no one writes in: built things, and what starts with a dot.
fn skipped(name: &str) -> bool {
    name == "target" || name.starts_with('.') || name == "__pycache__"
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the repository's root")
}

fn relative(path: &Path) -> String {
    let path = path.canonicalize().expect("a path of the repository exists");
    path.strip_prefix(root()).expect("it lies in the repository").to_string_lossy().into_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[track_caller]
fn report(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
