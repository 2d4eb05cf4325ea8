//! The partitions of a card, as `board/image/disk.sfdisk` gives them.

use std::path::Path;

use crate::VmError;

/// Bytes in a MiB.
const MIB: u64 = 1 << 20;

/// One partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Its name, by which everything finds it.
    pub name: String,
    /// Its first byte on the card.
    pub start: u64,
    /// Its length in bytes.
    pub size: u64,
}

/// Reads the file with the partitions.
pub fn read(path: &Path) -> Result<Vec<Partition>, VmError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| VmError(format!("cannot read {}: {error}", path.display())))?;
    parse(&text)
}

/// The partitions in the text of such a file; each has name, start and size, in MiB.
pub fn parse(text: &str) -> Result<Vec<Partition>, VmError> {
    text.lines().filter(|line| line.starts_with("name=")).map(partition).collect()
}

fn partition(line: &str) -> Result<Partition, VmError> {
    let field = |key: &str| {
        let found = line.split(", ").find_map(|f| f.strip_prefix(key)?.strip_prefix('='));
        found.ok_or_else(|| VmError(format!("no {key} in {line:?}")))
    };
    let bytes = |key: &str| {
        let mib = field(key)?.strip_suffix("MiB").and_then(|number| number.parse::<u64>().ok());
        mib.map(|mib| mib * MIB).ok_or_else(|| VmError(format!("{key} in {line:?} is not MiB")))
    };
    Ok(Partition { name: field("name")?.into(), start: bytes("start")?, size: bytes("size")? })
}
