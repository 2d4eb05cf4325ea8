//! Golden journals: what each version of the kiosk wrote is read for ever.

use std::sync::Arc;

use formats_files::{Disk, MemoryDisk};

use super::tests::TestClock;
use super::*;

/// A disk with the journal of a folder below `golden/`.
fn golden(version: &str) -> MemoryDisk {
    let disk = MemoryDisk::new(1);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/golden").join(version);
    for entry in std::fs::read_dir(&folder).expect("the golden folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let name = if name == "head" { name } else { format!("journal/{name}") };
        let file = disk.create(&name).expect("a file");
        file.write_at(0, &std::fs::read(&path).expect("the golden file")).expect("written");
    }
    disk
}

#[test]
fn a_journal_of_version_1_is_read() {
    let disk = golden("v1");
    let audit = audit::audit(&disk).expect("sound");
    assert_eq!((audit.records, audit.segments, audit.torn_bytes), (19, 2, 0));
    let (store, recovery) =
        Store::open_on(Arc::new(disk), None, Arc::new(TestClock)).expect("opens");
    assert_eq!(recovery.missing, [3], "the golden folder has no copies");
    assert_eq!(store.books().len(), 2);
}
