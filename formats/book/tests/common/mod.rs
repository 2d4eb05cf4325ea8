//! What every test of a printed file needs: typefaces, and the tools that read the file.

use std::path::Path;
use std::process::Command;

/// Regular and bold.
pub(crate) fn fonts() -> [Vec<u8>; 2] {
    let folder = Path::new("/usr/share/fonts/truetype/liberation2");
    ["LiberationSerif-Regular.ttf", "LiberationSerif-Bold.ttf"]
        .map(|name| std::fs::read(folder.join(name)).expect("`make setup` installs the fonts"))
}

/// What the program says of `file`, whose path stands for `{}` in the arguments.
pub(crate) fn run(program: &str, arguments: &[&str], file: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("printed.pdf");
    std::fs::write(&path, file).expect("written");
    let path = path.to_str().expect("a path in UTF-8");
    let arguments: Vec<_> = arguments.iter().map(|a| if *a == "{}" { path } else { a }).collect();
    let done = Command::new(program).args(arguments).output().expect("`make setup` installs it");
    assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("text")
}
