//! axe, which others wrote, has nothing to say against any screen: both languages, large letters,
//! the tall screen of a kiosk and the small one of a van (WCAG 2.2, levels A and AA).

use e2e::{Browser, Citizen, Failure, OFFICER_PIN, World, WorldOptions};
use serde_json::Value;

/// Width and height: 27 inches upright, and a tablet of 10 inches.
const WINDOWS: [(u32, u32); 2] = [(1080, 1920), (1280, 800)];

/// Every rule of WCAG that a program can judge, and what axe itself advises.
const RUN: &str = "const done = arguments[arguments.length - 1];
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    axe.run(document, { runOnly: { type: 'tag', values: tags } }).then((found) => done({
        judged: found.passes.length,
        wrong: found.violations.flatMap((rule) => rule.nodes.map(
            (node) => `${rule.id} at ${node.target}: ${node.failureSummary}`)),
    }), (error) => done({ judged: 0, wrong: [String(error)] }));";

/// Looks at pages and keeps what is wrong with them.
struct Judge<'a> {
    browser: &'a Browser,
    axe: String,
    wrong: Vec<String>,
    looks: usize,
}

impl<'a> Judge<'a> {
    fn new(browser: &'a Browser) -> Result<Self, Failure> {
        let axe = e2e::workspace().join("target/node/node_modules/axe-core/axe.min.js");
        let axe = std::fs::read_to_string(axe)?;
        Ok(Self { browser, axe, wrong: vec![], looks: 0 })
    }

    async fn judge(&mut self, screen: &str) -> Result<(), Failure> {
        if self.browser.run("return typeof axe === 'undefined';").await? == true {
            self.browser.run(&self.axe).await?;
        }
        let found = self.browser.run_to_its_end(RUN).await?;
        let wrong = found["wrong"].as_array().ok_or("axe gave no answer")?;
        assert!(found["judged"].as_u64() > Some(5) || !wrong.is_empty(), "{screen}: {found}");
        self.wrong.extend(wrong.iter().map(|what| format!("{screen}: {what}")));
        self.looks += 1;
        Ok(())
    }

    /// A screen of the kiosk in both languages and windows.
    async fn screen(&mut self, screen: &str) -> Result<(), Failure> {
        for (width, height) in WINDOWS {
            self.browser.resize(width, height).await?;
            for language in ["en", "vi"] {
                self.browser.click(&format!("#lang-{language}")).await?;
                self.judge(&format!("{screen}, {language}, {width}x{height}")).await?;
            }
        }
        Ok(())
    }

    /// A page of the registry in both languages; `page` has a query or none.
    async fn public(&mut self, page: &str) -> Result<(), Failure> {
        for (width, height) in WINDOWS {
            self.browser.resize(width, height).await?;
            for language in ["en", "vi"] {
                self.browser.open(&format!("{page}?lang={language}")).await?;
                self.judge(&format!("{page}, {language}, {width}x{height}")).await?;
            }
        }
        Ok(())
    }
}

fn started(world: &World) -> Result<(Citizen, Value), Failure> {
    Ok((world.citizen()?, world.screens()?))
}

fn address(screens: &Value, who: &str) -> String {
    screens[who].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_nothing_wrong_on_any_screen_in_either_language() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let at = folder.path().join("world");
    let start = move || World::started(&at, WorldOptions::default());
    let world = tokio::task::spawn_blocking(start).await??;
    let (citizen, screens) = tokio::task::block_in_place(|| started(&world))?;
    let browser = Browser::start(folder.path(), 1080, 1920).await?;
    let mut judge = Judge::new(&browser)?;

    browser.open(&address(&screens, "officer")).await?;
    browser.text("html[data-signed=out] #sign-in").await?;
    judge.screen("officer, to sign in").await?;
    browser.fill("#sign-in-pin", "000000").await?;
    browser.click("#sign-in-go").await?;
    browser.text_with("#sign-in-error", "PIN").await?;
    judge.screen("officer, not signed in").await?;
    browser.open_signed_in(&address(&screens, "officer"), OFFICER_PIN).await?;
    judge.screen("officer, nobody waits").await?;
    let code = first_visit(&mut judge, &world, &citizen, &screens).await?;
    other_ends(&mut judge, &world, &citizen, &screens).await?;

    browser.open(&address(&screens, "technician")).await?;
    browser.text_with("#state", "HN01").await?;
    judge.screen("technician").await?;
    browser.click("#test").await?;
    browser.text_with("#found tbody", "page-reader").await?;
    judge.screen("technician, all checked").await?;

    let public = world.public_url();
    tokio::task::block_in_place(|| world.wait_delivered())?;
    for page in [format!("{public}/"), format!("{public}/v/{code}"), format!("{public}/v/0")] {
        judge.public(&page).await?;
    }
    assert!(judge.wrong.is_empty(), "{}", judge.wrong.join("\n"));
    // It would have told.
    let fault = "document.body.insertAdjacentHTML('beforeend', '<button></button>');";
    browser.run(fault).await?;
    judge.judge("a button without a name").await?;
    assert!(judge.wrong.iter().any(|what| what.contains("button-name")), "{:?}", judge.wrong);
    assert!(judge.looks >= 60, "{} looks", judge.looks);
    browser.close().await
}

/// From the first touch to a copy; returns its code.
async fn first_visit(
    judge: &mut Judge<'_>,
    world: &World,
    citizen: &Citizen,
    screens: &Value,
) -> Result<String, Failure> {
    let browser = judge.browser;
    browser.open(&address(screens, "citizen")).await?;
    browser.text("html[data-state=idle] #say").await?;
    judge.screen("idle").await?;
    browser.click("#larger").await?;
    judge.screen("idle, large letters").await?;
    browser.click("#start").await?;
    browser.text_with("#before", "VNeID").await?;
    judge.screen("before the start").await?;
    browser.click("#have-it").await?;
    judge.screen("in VNeID").await?;
    browser.click("#agree").await?;
    browser.text("html[data-state=collecting] #say").await?;
    judge.screen("no page yet").await?;
    tokio::task::block_in_place(|| {
        world.saned()?.lay(&paper::original(5)?[0].to_ppm())?;
        citizen.scan_page()
    })?;
    browser.text_with("#count", "1").await?;
    judge.screen("one page").await?;
    browser.click("#end").await?;
    judge.screen("stop?").await?;
    browser.click("#end-back").await?;
    browser.click("#pages-done").await?;
    browser.text("html[data-state=awaiting_card] #say").await?;
    judge.screen("the card").await?;
    tokio::task::block_in_place(|| {
        world.saned()?.lay(&paper::id_card(paper::ID_PAYLOAD)?.to_ppm())?;
        citizen.touch("card")?;
        citizen.wait_for(&["deciding"])
    })?;
    browser.text("html[data-state=deciding] #say").await?;
    judge.screen("the officer looks").await?;
    certified(judge, citizen, screens).await
}

/// From the officer's page to a copy with its fee; returns the copy's code.
async fn certified(
    judge: &mut Judge<'_>,
    citizen: &Citizen,
    screens: &Value,
) -> Result<String, Failure> {
    let browser = judge.browser;
    browser.open_signed_in(&address(screens, "officer"), OFFICER_PIN).await?;
    browser.text_with("#findings", "R1").await?;
    judge.screen("officer, a case").await?;
    browser.fill("#pin", "000000").await?;
    browser.click("#approve").await?;
    browser.text_with("#error", "PIN").await?;
    judge.screen("officer, a wrong PIN").await?;
    browser.fill("#pin", OFFICER_PIN).await?;
    browser.click("#approve").await?;
    let issued = tokio::task::block_in_place(|| citizen.wait_for(&["issued"]))?;
    let code = issued["issued"]["code"].as_str().ok_or("no code")?.to_owned();
    browser.text_with("#result #code", &code).await?;
    judge.screen("officer, certified").await?;
    browser.choose("#fees-list select", "cash").await?;
    browser.click("#fees-list .approve").await?;
    browser.text_with("#fees-list", "Tiền mặt").await?;
    judge.screen("officer, a fee taken").await?;
    browser.click("#fees-list .tool").await?;
    browser.text_with("#fees-sum", "Còn thiếu 2.000").await?;

    browser.open(&address(screens, "citizen")).await?;
    browser.text_with("#code", &code).await?;
    judge.screen("issued").await?;
    browser.click("#pay").await?;
    browser.text_with("#pay-purpose", "CT BS").await?;
    judge.screen("the fee's transfer").await?;
    browser.click("#pay-back").await?;
    browser.click("#end").await?;
    browser.text("html[data-state=idle] #say").await?;
    Ok(code)
}

/// A visit that is refused, and one that is promised for later.
async fn other_ends(
    judge: &mut Judge<'_>,
    world: &World,
    citizen: &Citizen,
    screens: &Value,
) -> Result<(), Failure> {
    let browser = judge.browser;
    let hand_in = || -> Result<(), Failure> {
        citizen.start()?;
        world.saned()?.lay(&paper::original(5)?[0].to_ppm())?;
        citizen.scan_page()?;
        citizen.hand_in()
    };
    tokio::task::block_in_place(|| -> Result<(), Failure> {
        hand_in()?;
        let (status, answer) = world.officer()?.refuse("ha", OFFICER_PIN, "R1")?;
        assert_eq!(status, 200, "{answer}");
        citizen.wait_for(&["refused"]).map(drop)
    })?;
    browser.text_with("#refusal", "23").await?;
    judge.screen("refused").await?;
    tokio::task::block_in_place(|| -> Result<(), Failure> {
        citizen.touch("end")?;
        hand_in()?;
        let (status, answer) = world.officer()?.defer("ha", "MANY", Some(2))?;
        assert_eq!(status, 200, "{answer}");
        citizen.wait_for(&["deferred"]).map(drop)
    })?;
    browser.text_with("#refusal", "17:00").await?;
    judge.screen("promised for later").await?;
    browser.open_signed_in(&address(screens, "officer"), OFFICER_PIN).await?;
    browser.text_with("#slip-due", "17:00").await?;
    judge.screen("officer, the slip").await?;
    browser.click("#slip-given").await?;
    browser.text("#empty").await.map(drop)
}
