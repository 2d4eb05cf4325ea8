//! The upload against programs that others wrote: our kiosk's uploader against npm's
//! `@tus/server`, our registry against npm's `tus-js-client`, both over mutual TLS and a link that
//! breaks.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use counterpart::{ClientEnd, LinkModel, PoorLink, TestCa, TusClient, TusServer};
use e2e::Failure;
use e2e::uplink::{Central, Van, digests_below};
use formats_wire::SignedReceipt;
use kiosk::upload::Round;
use sha2::{Digest, Sha256};

const DEVICE: &str = "HN-VAN-03";

/// Breaks often enough that every copy of these tests is cut.
const BREAKING: LinkModel = LinkModel { cut_every: 70_000, ..LinkModel::POOR_BUT_QUICK };

/// Takes copies to a server while `hurt` does something to it, and checks all of them.
async fn deliver_to_theirs(
    server: TusServer,
    folder: &Path,
    ca: &TestCa,
    hurt: impl AsyncFnOnce(TusServer) -> Result<TusServer, Failure>,
) -> Result<(TusServer, PoorLink), Failure> {
    let van = Arc::new(Van::new(&folder.join("van"), ca, DEVICE)?);
    let mut issued = BTreeSet::new();
    for (visit, length) in [("a", 300_000), ("b", 900_000), ("c", 100)] {
        issued.insert(van.issue(visit, length)?.sha256);
    }
    let link = PoorLink::before(server.address(), BREAKING)?;
    let (address, key) = (link.address(), server.receipt_key()?.parse()?);
    let uploading = Arc::clone(&van);
    let upload = tokio::spawn(async move { uploading.deliver(address, &key).await });
    let server = hurt(server).await?;
    upload.await??;
    assert!(van.store().pending()?.is_empty(), "every receipt was believed and is on record");
    let kept = digests_below(&server.uploads())?;
    assert!(kept.is_superset(&issued), "the server has the very bytes");
    Ok((server, link))
}

#[tokio::test(flavor = "multi_thread")]
async fn our_kiosk_delivers_to_a_server_that_others_wrote_when_the_link_breaks()
-> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let ca = TestCa::new("Machines")?;
    let server = TusServer::start(&folder.path().join("theirs"), &ca)?;
    let (server, link) =
        deliver_to_theirs(server, folder.path(), &ca, async |server| Ok(server)).await?;
    let carried = link.carried();
    assert!(carried.cuts >= 10, "{carried:?}");
    let mid_piece = |line: &str| {
        let offset = line.strip_prefix("PATCH").and_then(|rest| rest.split(' ').next_back());
        let offset: Option<u64> = offset.and_then(|offset| offset.parse().ok());
        offset.is_some_and(|offset| !offset.is_multiple_of(1024))
    };
    let resumed = server.log().lines().any(mid_piece);
    assert!(resumed, "a cut piece goes on from its last byte that arrived:\n{}", server.log());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn our_kiosk_resumes_at_a_foreign_server_that_was_killed() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let ca = TestCa::new("Machines")?;
    let server = TusServer::start(&folder.path().join("theirs"), &ca)?;
    let kill_half_way = async |mut server: TusServer| -> Result<TusServer, Failure> {
        while server.log().matches("PATCH").count() < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.restart()?;
        Ok(server)
    };
    let (server, _) = deliver_to_theirs(server, folder.path(), &ca, kill_half_way).await?;
    let log = server.log();
    let first = log.find("PATCH").ok_or("nothing was sent after the restart")?;
    assert!(log[..first].contains("HEAD"), "it asks what is left before it sends:\n{log}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn our_kiosk_begins_anew_when_its_upload_has_expired_at_a_foreign_server()
-> Result<(), Failure> {
    // Far longer than the first half of the upload takes, even on a busy machine.
    const EXPIRES: Duration = Duration::from_secs(6);
    let folder = tempfile::tempdir()?;
    let ca = TestCa::new("Machines")?;
    let mut server = TusServer::start_expiring(&folder.path().join("theirs"), &ca, EXPIRES)?;
    let van = Van::new(&folder.path().join("van"), &ca, DEVICE)?;
    let copy = van.issue("a", 900_000)?;
    let link = PoorLink::before(server.address(), BREAKING)?;
    let mut uploader = van.uploader(link.address(), &server.receipt_key()?.parse()?)?;
    let first = tokio::spawn(async move {
        let round = uploader.round().await;
        (uploader, round)
    });
    while server.log().matches("PATCH").count() < 2 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    server.stop();
    let (mut uploader, round) = first.await?;
    assert!(matches!(round, Round::Failed(_)) && !van.store().pending()?.is_empty(), "{round:?}");
    tokio::time::sleep(EXPIRES).await;
    server.restart()?;
    while !van.store().pending()?.is_empty() {
        match uploader.round().await {
            Round::Done(_) | Round::KeyLost => break,
            Round::Failed(pause) => tokio::time::sleep(pause).await,
        }
    }
    assert!(van.store().pending()?.is_empty(), "{}", server.log());
    assert!(digests_below(&server.uploads())?.contains(&copy.sha256), "whole, from its start");
    let log = server.log();
    assert!(log.starts_with("POST"), "it knows the end from the server's own word:\n{log}");
    Ok(())
}

/// A file to upload, with what tells the registry which it is.
fn file(folder: &Path, ca: &TestCa) -> Result<(std::path::PathBuf, Metadata, String), Failure> {
    let van = Van::new(&folder.join("van"), ca, DEVICE)?;
    let copy = van.issue("a", 900_000)?;
    let path = folder.join("copy.bin");
    fs::write(&path, van.store().copy_bytes(&copy.sha256)?)?;
    let metadata = [
        ("device", DEVICE.to_owned()),
        ("sequence", copy.sequence.to_string()),
        ("sha256", copy.sha256.clone()),
    ];
    Ok((path, metadata, copy.sha256))
}

type Metadata = [(&'static str, String); 3];

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_others_wrote_delivers_to_our_registry_when_the_link_breaks()
-> Result<(), Failure> {
    for chunk in [0, 64 * 1024] {
        let folder = tempfile::tempdir()?;
        let ca = TestCa::new("Machines")?;
        let central = Central::start(&folder.path().join("central"), &ca).await?;
        let (path, metadata, sha256) = file(folder.path(), &ca)?;
        let link = PoorLink::before(central.address(), BREAKING)?;
        let url = format!("https://localhost:{}", link.address().port());
        let client = TusClient::new(&folder.path().join("theirs"), &ca, DEVICE)?;
        let end = tokio::task::spawn_blocking(move || {
            let stopped = client.upload(&url, &path, &metadata, chunk, 400_000)?;
            assert_eq!(stopped, ClientEnd::Stopped, "it drops dead half-way");
            client.upload(&url, &path, &metadata, chunk, 0)
        });
        let ClientEnd::Receipt(text) = end.await?? else { return Err("no receipt".into()) };
        let signed: SignedReceipt = serde_json::from_str(&text)?;
        let receipt = central.receipt_key().verify(&signed)?;
        assert_eq!(
            (receipt.device.as_str(), hex::encode(receipt.sha256)),
            (DEVICE, sha256.clone())
        );
        assert_eq!(central.kept()?, BTreeSet::from([sha256]));
        let carried = link.carried();
        assert!(carried.cuts >= 5, "{carried:?}");
        assert!(carried.sent < 2 * 900_000, "it went on where it stopped: {carried:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn our_registry_refuses_other_bytes_than_a_client_that_others_wrote_announced()
-> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let ca = TestCa::new("Machines")?;
    let central = Central::start(&folder.path().join("central"), &ca).await?;
    let (path, mut metadata, _) = file(folder.path(), &ca)?;
    metadata[2].1 = hex::encode(Sha256::digest("other bytes"));
    let url = format!("https://localhost:{}", central.address().port());
    let client = TusClient::new(&folder.path().join("theirs"), &ca, DEVICE)?;
    let end = tokio::task::spawn_blocking(move || client.upload(&url, &path, &metadata, 0, 0));
    assert_eq!(end.await??, ClientEnd::Refused);
    assert!(central.kept()?.is_empty());
    Ok(())
}
