//! Who sits at the officer's page: nothing of a case without signing in, one PIN for a bounded
//! session where the site allows it, roles, and pages on the network for officers' certificates.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use e2e::{Browser, Citizen, Failure, OFFICER_PIN, World, WorldOptions};
use fantoccini::key::Key;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde_json::json;

const SESSION: &str = "[officer]\nsession_minutes = 30\nsession_signatures = 2\n";

fn to_the_officer(world: &World) -> Result<Citizen, Failure> {
    let citizen = world.citizen()?;
    citizen.start()?;
    world.saned()?.lay(&paper::original(5)?[0].to_ppm())?;
    citizen.scan_page()?;
    citizen.hand_in()?;
    Ok(citizen)
}

/// All records of the journal with this word.
fn journal(world: &World, word: &str) -> Result<Vec<String>, Failure> {
    let mut all = String::new();
    for segment in std::fs::read_dir(world.state_dir().join("journal"))? {
        all.push_str(&String::from_utf8_lossy(&std::fs::read(segment?.path())?));
    }
    let word = format!("\"{word}\"");
    Ok(all.split("{\"v\":").filter(|line| line.contains(&word)).map(str::to_owned).collect())
}

#[test]
fn nothing_of_a_case_is_seen_before_signing_in_nor_after_signing_out() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let look = "[[officers]]\nid = \"xem\"\nname = \"Lê Văn Xem\"\ncapacity = \"VIÊN CHỨC\"\n\
                valid_from = \"2026-01-01\"\nvalid_until = \"2036-12-31\"\ntoken = \"officer\"\n\
                key = \"officer\"\nrole = \"look\"\n";
    let technician = look.replace("xem", "may").replace("look", "technician");
    let options =
        WorldOptions { officer: format!("{look}{technician}"), ..WorldOptions::default() };
    let world = World::started(&folder.path().join("world"), options)?;
    to_the_officer(&world)?;
    let mut visitor = world.visitor()?;
    let paths = ["/api/officer/case", "/api/officer/pages/1.jpg", "/api/officer/slip.pdf"];
    for path in paths {
        assert_eq!(visitor.0.status(path)?, 401, "{path}");
    }
    assert_eq!(visitor.0.get("/api/officer/me")?["waiting"], true);
    assert_eq!(visitor.sign_in("ha", "000000")?.0, 401);
    assert_eq!(visitor.sign_in("nobody", OFFICER_PIN)?.0, 403);
    let (status, me) = visitor.sign_in("ha", OFFICER_PIN)?;
    assert_eq!((status, &me["signed_in"]["signatures"]), (200, &serde_json::Value::Null), "{me}");
    let case = visitor.case()?;
    let decision = json!({
        "visit": case["visit"], "officer": "ha", "verdict": "approve", "title": "a",
        "requester": "b",
    });
    assert_eq!(visitor.0.post("/api/officer/decide", &decision)?.0, 422, "the PIN with each");
    assert_eq!(visitor.0.post("/api/officer/sign-out", &json!({}))?.0, 200);
    assert_eq!(visitor.0.status(paths[0])?, 401);

    let mut clerk = world.visitor()?;
    assert_eq!(clerk.sign_in("xem", OFFICER_PIN)?.0, 200);
    assert_eq!(clerk.0.status(paths[0])?, 200);
    assert_eq!(clerk.approve("xem", OFFICER_PIN)?.0, 403, "who only looks decides nothing");
    let mut machine = world.visitor()?;
    assert_eq!(machine.sign_in("may", OFFICER_PIN)?.0, 200);
    assert_eq!(machine.0.status(paths[0])?, 403, "who looks after the machine sees no case");
    assert_eq!(world.audit()?["issued"], 0);
    assert_eq!(journal(&world, "officer_signed_in")?.len(), 3);
    let out = journal(&world, "officer_signed_out")?;
    assert!(out.len() == 1 && out[0].contains("\"why\":\"asked\""), "{out:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_pin_serves_two_copies_by_keys_alone_and_is_then_asked_again() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let at = folder.path().join("world");
    let options = WorldOptions { officer: SESSION.into(), ..WorldOptions::default() };
    let world = tokio::task::spawn_blocking(move || World::started(&at, options)).await??;
    let address = world.screens()?["officer"].as_str().unwrap_or_default().to_owned();
    let browser = Browser::start(folder.path(), 1280, 800).await?;
    browser.open_signed_in(&address, OFFICER_PIN).await?;
    for number in ["1", "2"] {
        let citizen = tokio::task::block_in_place(|| to_the_officer(&world))?;
        browser.text_with("#findings", "R1").await?;
        let hidden = "return document.getElementById('pin-ask').hidden;";
        assert_eq!(browser.run(hidden).await?, true, "no PIN is asked for");
        browser.fill("#requester", "Nghiêm Thị Thử").await?;
        browser.press(&[Key::Alt.into(), 'a']).await?;
        browser.text_with("#result #number", number).await?;
        tokio::task::block_in_place(|| citizen.wait_for(&["issued"]))?;
    }
    browser.text("html[data-signed=out] #sign-in").await?;
    tokio::task::block_in_place(|| -> Result<(), Failure> {
        let out = journal(&world, "officer_signed_out")?;
        assert!(out.len() == 1 && out[0].contains("\"used_up\""), "{out:?}");
        assert!(out[0].contains("\"signed\":2"), "{out:?}");
        let decided = journal(&world, "officer_decision")?;
        assert_eq!(decided.len(), 2, "each copy has its own decision");
        assert!(decided.iter().all(|line| line.contains("Nguyễn Thị Hà")), "{decided:?}");
        Ok(())
    })?;

    // A token that is taken out ends a session.
    browser.open_signed_in(&address, OFFICER_PIN).await?;
    tokio::task::block_in_place(|| world.tokens().unplug("officer"))?;
    for _ in 0..600 {
        if !tokio::task::block_in_place(|| journal(&world, "token"))?.is_empty() {
            return browser.close().await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    Err("the session outlives its token".into())
}

/// Asks for a page over TLS with this certificate, or with none; the first line of the answer.
fn ask(world: &World, address: &str, certificate: Option<&str>) -> Result<String, Failure> {
    let keys = world.dir().join("keys");
    let pem = |path: &Path| CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>();
    let mut roots = rustls::RootCertStore::empty();
    for root in pem(&world.root_pem())? {
        roots.add(root)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots);
    let client = match certificate {
        Some(name) => {
            let key = PrivateKeyDer::from_pem_file(keys.join(format!("{name}.key")))?;
            client.with_client_auth_cert(pem(&keys.join(format!("{name}.pem")))?, key)?
        }
        None => client.with_no_client_auth(),
    };
    let name = ServerName::try_from("localhost")?;
    let mut connection = rustls::ClientConnection::new(Arc::new(client), name)?;
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(std::time::Duration::from_secs(20)))?;
    let mut stream = rustls::Stream::new(&mut connection, &mut socket);
    stream.write_all(b"GET /officer HTTP/1.1\r\nhost: kiosk\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_network_nobody_gets_anything_without_a_certificate() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let at = folder.path().join("world");
    let options = WorldOptions { officers_network: true, ..WorldOptions::default() };
    let world = tokio::task::spawn_blocking(move || World::started(&at, options)).await??;
    let url = world.screens()?["officers_network"].as_str().ok_or("no address")?.to_owned();
    let address = url.trim_start_matches("https://").trim_end_matches("/officer").to_owned();
    tokio::task::block_in_place(|| -> Result<(), Failure> {
        assert_eq!(ask(&world, &address, Some("ha-client"))?, "HTTP/1.1 200 OK");
        for certificate in [None, Some("stranger")] {
            let answer = ask(&world, &address, certificate).unwrap_or_default();
            assert_eq!(answer, "", "{certificate:?}");
        }
        Ok(())
    })?;
    let browser = Browser::start(folder.path(), 1280, 800).await?;
    // A browser without a certificate shows its own page of what went wrong.
    drop(browser.open(&url).await);
    let page = browser.run("return document.documentElement.outerHTML;").await?;
    assert!(!page.to_string().contains("officer.js"), "{page}");
    browser.close().await
}
