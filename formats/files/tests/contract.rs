//! What both disks promise, tested on both.

use std::io::ErrorKind;

use formats_files::{Disk, MemoryDisk, RealDisk};

fn on_each(test: impl Fn(&dyn Disk)) {
    let folder = tempfile::tempdir().expect("a folder");
    test(&RealDisk::new(folder.path().to_owned()));
    test(&MemoryDisk::new(1));
}

#[test]
fn what_was_written_is_read_back_also_under_a_second_name() {
    on_each(|disk| {
        disk.make_folder("a/b").expect("folders are made");
        let file = disk.create("a/b/one").expect("a file is made");
        file.write_at(0, b"paper").expect("it takes bytes");
        file.write_at(5, b" copy").expect("it grows");
        file.sync().expect("it syncs");
        disk.link("a/b/one", "a/b/two").expect("a second name");
        disk.remove("a/b/one").expect("the first goes");
        disk.sync_folder("a/b").expect("the folder syncs");
        assert_eq!(disk.read("a/b/two", 10).expect("it is there"), b"paper copy");
        assert_eq!(disk.read_at("a/b/two", 6, 4).expect("a part"), b"copy");
        assert_eq!(disk.length("a/b/two").expect("a length"), 10);
        assert_eq!(disk.list("a/b").expect("a list"), ["two"]);
    });
}

#[test]
fn errors_have_the_kinds_that_callers_ask_for() {
    on_each(|disk| {
        disk.make_folder("f").expect("a folder");
        let file = disk.create("f/x").expect("a file is made");
        file.write_at(0, b"12345").expect("it takes bytes");
        let kind = |result: std::io::Result<()>| result.expect_err("it fails").kind();
        assert_eq!(kind(disk.read("f/x", 4).map(drop)), ErrorKind::InvalidData);
        assert_eq!(kind(disk.read_at("f/x", 3, 3).map(drop)), ErrorKind::UnexpectedEof);
        assert_eq!(kind(disk.read("f/none", 4).map(drop)), ErrorKind::NotFound);
        assert_eq!(kind(disk.open("f/none").map(drop)), ErrorKind::NotFound);
        assert_eq!(kind(disk.remove("f/none")), ErrorKind::NotFound);
        assert_eq!(kind(disk.link("f/x", "f/x")), ErrorKind::AlreadyExists);
        assert!(disk.free_bytes().expect("room is known") > 0);
    });
}

#[test]
fn a_full_memory_disk_says_so_and_a_cut_one_keeps_what_was_synced() {
    let disk = MemoryDisk::new(7);
    disk.set_capacity(8);
    let file = disk.create("kept").expect("a file is made");
    file.write_at(0, b"1234").expect("there is room");
    assert_eq!(disk.free_bytes().expect("room is known"), 4);
    file.sync().expect("it syncs");
    disk.sync_folder("").expect("the name is durable");
    let full = file.write_at(4, b"567890").expect_err("there is no room");
    assert_eq!(full.kind(), ErrorKind::StorageFull);
    disk.restart();
    assert!(disk.read("kept", 100).expect("the name is kept").starts_with(b"1234"));
}
