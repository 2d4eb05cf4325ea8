//! A real browser: Debian's Chromium, driven through its WebDriver.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use counterpart::{Started, free_port};
use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::json;

use crate::Failure;

/// How long a page may take to show what is waited for.
const SHOWN: Duration = Duration::from_secs(60);

/// A headless Chromium with an empty profile; it and its driver end when this is dropped.
pub struct Browser {
    client: Client,
    _driver: Started,
}

impl Browser {
    /// Starts driver and browser. `profile` is an empty folder for the browser's profile; the
    /// window is `width` by `height` CSS pixels.
    pub async fn start(profile: &Path, width: u32, height: u32) -> Result<Self, Failure> {
        let port = free_port()?;
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}"));
        let log = profile.join("chromedriver.log");
        let mut driver = Started::spawn(command, "chromium-driver", &log)?;
        driver.wait_for_port(([127, 0, 0, 1], port).into())?;
        // Chromium's sandbox cannot be set up by root in a container; pages are our own.
        let arguments = [
            "--headless".to_owned(),
            "--no-sandbox".into(),
            "--disable-gpu".into(),
            "--disable-dev-shm-usage".into(),
            "--disable-quic".into(),
            "--no-first-run".into(),
            "--disable-background-networking".into(),
            "--disable-component-update".into(),
            "--disable-sync".into(),
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.join("profile").display()),
        ];
        let mut wishes = serde_json::Map::new();
        wishes.insert("goog:chromeOptions".into(), json!({ "args": arguments }));
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(wishes)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await?;
        Ok(Self { client, _driver: driver })
    }

    /// Opens an address.
    pub async fn open(&self, address: &str) -> Result<(), Failure> {
        Ok(self.client.goto(address).await?)
    }

    /// Opens the officer's page, and signs in with this PIN unless somebody is signed in here.
    pub async fn open_signed_in(&self, address: &str, pin: &str) -> Result<(), Failure> {
        self.open(address).await?;
        for _ in 0..600 {
            let signed = self.run("return document.documentElement.dataset.signed || '';").await?;
            match signed.as_str() {
                Some("in") => return Ok(()),
                Some("out") => {
                    self.fill("#sign-in-pin", pin).await?;
                    self.click("#sign-in-go").await?;
                    self.text("html[data-signed=in] #heading").await?;
                    return Ok(());
                }
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        Err("the page never says whether somebody is signed in".into())
    }

    /// Waits until an element is shown and returns its text.
    pub async fn text(&self, css: &str) -> Result<String, Failure> {
        let element = self.client.wait().at_most(SHOWN).for_element(Locator::Css(css)).await?;
        Ok(element.text().await?)
    }

    /// Waits until an element's text contains something, and returns the text.
    pub async fn text_with(&self, css: &str, part: &str) -> Result<String, Failure> {
        let mut last = String::new();
        for _ in 0..600 {
            last = self.text(css).await.unwrap_or_default();
            if last.contains(part) {
                return Ok(last);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!("{css} never showed {part:?}; last: {last:?}").into())
    }

    /// Clicks an element once it is there.
    pub async fn click(&self, css: &str) -> Result<(), Failure> {
        let element = self.client.wait().at_most(SHOWN).for_element(Locator::Css(css)).await?;
        Ok(element.click().await?)
    }

    /// Replaces the text of a field.
    pub async fn fill(&self, css: &str, text: &str) -> Result<(), Failure> {
        let element = self.client.wait().at_most(SHOWN).for_element(Locator::Css(css)).await?;
        element.clear().await?;
        Ok(element.send_keys(text).await?)
    }

    /// Gives a file to a file field, as dropping it there does.
    pub async fn choose_file(&self, css: &str, file: &Path) -> Result<(), Failure> {
        let element = self.client.wait().at_most(SHOWN).for_element(Locator::Css(css)).await?;
        Ok(element.send_keys(&file.to_string_lossy()).await?)
    }

    /// Chooses an option of a list by its value.
    pub async fn choose(&self, css: &str, value: &str) -> Result<(), Failure> {
        let element = self.client.wait().at_most(SHOWN).for_element(Locator::Css(css)).await?;
        element.select_by_value(value).await?;
        Ok(())
    }

    /// Runs a script in the page and returns what it returns.
    pub async fn run(&self, script: &str) -> Result<serde_json::Value, Failure> {
        Ok(self.client.execute(script, vec![]).await?)
    }

    /// Runs a script that calls the last of its arguments with what it has to return.
    pub async fn run_to_its_end(&self, script: &str) -> Result<serde_json::Value, Failure> {
        Ok(self.client.execute_async(script, vec![]).await?)
    }

    /// Presses these keys together, in this order, and lets them go.
    pub async fn press(&self, keys: &[char]) -> Result<(), Failure> {
        let down = |value: &char| KeyAction::Down { value: *value };
        let up = |value: &char| KeyAction::Up { value: *value };
        let actions = keys.iter().map(down).chain(keys.iter().rev().map(up));
        let hands = actions.fold(KeyActions::new("hands".into()), KeyActions::then);
        Ok(self.client.perform_actions(hands).await?)
    }

    /// How many windows and tabs are open.
    pub async fn windows(&self) -> Result<usize, Failure> {
        Ok(self.client.windows().await?.len())
    }

    /// Gives the window another size, in CSS pixels.
    pub async fn resize(&self, width: u32, height: u32) -> Result<(), Failure> {
        Ok(self.client.set_window_size(width, height).await?)
    }

    /// The page as a PNG.
    pub async fn screenshot(&self) -> Result<Vec<u8>, Failure> {
        Ok(self.client.screenshot().await?)
    }

    /// Ends the browser in good order.
    pub async fn close(self) -> Result<(), Failure> {
        Ok(self.client.close().await?)
    }
}
