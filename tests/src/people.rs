//! The people at the screens, over the very interface that their pages use.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Failure;

/// How long a person waits for the kiosk before giving up.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a person looks at the screen.
const GLANCE: Duration = Duration::from_millis(20);

/// Someone with a page open: an address and the cookie that came with it.
#[derive(Debug, Clone)]
pub struct Person {
    agent: ureq::Agent,
    base: String,
    cookie: String,
}

impl Person {
    /// Opens a screen address as printed by the kiosk, `http://host:port/path?key=…`.
    pub fn at(address: &str) -> Result<Self, Failure> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(90)))
            .build()
            .into();
        let answer = agent.get(address).call()?;
        let cookie = answer.headers().get("set-cookie").ok_or("the page gave no cookie")?;
        let cookie = cookie.to_str()?.split(';').next().unwrap_or_default().to_owned();
        let scheme = address.find("://").map_or(0, |at| at + 3);
        let end = address[scheme..].find('/').map_or(address.len(), |at| scheme + at);
        Ok(Self { agent, base: address[..end].to_owned(), cookie })
    }

    /// Fetches a JSON view.
    pub fn get(&self, path: &str) -> Result<Value, Failure> {
        let url = format!("{}{path}", self.base);
        let mut answer = self.agent.get(url).header("cookie", &self.cookie).call()?;
        if answer.status() != 200 {
            return Err(format!("GET {path}: {}", answer.status()).into());
        }
        Ok(answer.body_mut().read_json()?)
    }

    /// With what status an address answers.
    pub fn status(&self, path: &str) -> Result<u16, Failure> {
        let url = format!("{}{path}", self.base);
        Ok(self.agent.get(url).header("cookie", &self.cookie).call()?.status().as_u16())
    }

    /// Fetches bytes.
    pub fn bytes(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let url = format!("{}{path}", self.base);
        let mut answer = self.agent.get(url).header("cookie", &self.cookie).call()?;
        Ok(answer.body_mut().with_config().limit(64 << 20).read_to_vec()?)
    }

    /// Opens a stream that has no end of its own.
    pub fn stream(&self, path: &str) -> Result<impl std::io::Read + use<>, Failure> {
        let url = format!("{}{path}", self.base);
        let answer = self.agent.get(url).header("cookie", &self.cookie).call()?;
        Ok(answer.into_body().into_reader())
    }

    /// Posts JSON; returns the status and the answer's JSON (null when it has none).
    pub fn post(&self, path: &str, body: &Value) -> Result<(u16, Value), Failure> {
        let url = format!("{}{path}", self.base);
        let mut answer = self.agent.post(url).header("cookie", &self.cookie).send_json(body)?;
        let status = answer.status().as_u16();
        Ok((status, answer.body_mut().read_json().unwrap_or(Value::Null)))
    }
}

impl Person {
    /// As [`Person::post`]; keeps the cookie that comes with the answer.
    fn post_for_cookie(&mut self, path: &str, body: &Value) -> Result<(u16, Value), Failure> {
        let url = format!("{}{path}", self.base);
        let mut answer = self.agent.post(url).header("cookie", &self.cookie).send_json(body)?;
        if let Some(cookie) = answer.headers().get("set-cookie") {
            let cookie = cookie.to_str()?.split(';').next().unwrap_or_default();
            self.cookie = format!("{}; {cookie}", self.cookie);
        }
        let status = answer.status().as_u16();
        Ok((status, answer.body_mut().read_json().unwrap_or(Value::Null)))
    }
}

/// The citizen at the kiosk.
#[derive(Debug, Clone)]
pub struct Citizen(pub Person);

impl Citizen {
    /// What the screen shows.
    pub fn view(&self) -> Result<Value, Failure> {
        self.0.get("/api/visit")
    }

    /// Touches a button: `start`, `scan`, `pages-done`, `card`, `card-skip`, `face`, `face-slowly`,
    /// `face-skip`, `end`.
    pub fn touch(&self, button: &str) -> Result<(), Failure> {
        match self.0.post(&format!("/api/visit/{button}"), &json!({}))? {
            (200, _) => Ok(()),
            (status, _) => Err(format!("{button}: status {status}").into()),
        }
    }

    /// Begins a visit for one copy.
    pub fn start(&self) -> Result<(), Failure> {
        self.start_for(1)
    }

    /// Begins a visit for so many copies.
    pub fn start_for(&self, copies: u32) -> Result<(), Failure> {
        match self.0.post("/api/visit/start", &json!({ "copies": copies }))? {
            (200, _) => self.wait_for(&["collecting"]).map(drop),
            (status, _) => Err(format!("start: status {status}").into()),
        }
    }

    /// Says that all pages are in, has no card today, and waits for the officer.
    pub fn hand_in(&self) -> Result<(), Failure> {
        self.touch("pages-done")?;
        self.wait_for(&["awaiting_card"])?;
        self.touch("card-skip")?;
        self.wait_for(&["deciding"]).map(drop)
    }

    /// Waits until the screen shows one of these states, and returns the view.
    pub fn wait_for(&self, states: &[&str]) -> Result<Value, Failure> {
        self.wait(&format!("{states:?}"), |view| {
            states.iter().any(|state| view["state"] == **state)
        })
    }

    /// Waits until the view is as wanted.
    pub fn wait(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value, Failure> {
        let began = now();
        loop {
            let view = self.view()?;
            if wanted(&view) {
                return Ok(view);
            }
            if began.elapsed() > PATIENCE {
                return Err(format!("waited for {what}, the screen shows {view}").into());
            }
            std::thread::sleep(GLANCE);
        }
    }

    /// Lets the kiosk scan one page; returns the view after it.
    pub fn scan_page(&self) -> Result<Value, Failure> {
        let before = self.view()?["pages"].clone();
        self.touch("scan")?;
        self.wait("a page or a notice", |view| {
            view["state"] == "collecting" && (view["pages"] != before || !view["notice"].is_null())
        })
    }
}

/// The officer at the desk.
#[derive(Debug, Clone)]
pub struct Officer(pub Person);

impl Officer {
    /// Signs in with a PIN; returns status and answer. What comes after is asked as that officer.
    pub fn sign_in(&mut self, officer: &str, pin: &str) -> Result<(u16, Value), Failure> {
        let body = json!({ "officer": officer, "pin": pin });
        self.0.post_for_cookie("/api/officer/sign-in", &body)
    }

    /// The case.
    pub fn case(&self) -> Result<Value, Failure> {
        self.0.get("/api/officer/case")
    }

    /// Approves the waiting case under a PIN; returns status and answer.
    pub fn approve(&self, officer: &str, pin: &str) -> Result<(u16, Value), Failure> {
        self.approval(officer, pin, false)
    }

    /// Approves, having looked at the kiosk's time and found it right.
    pub fn approve_at_this_time(&self, officer: &str, pin: &str) -> Result<(u16, Value), Failure> {
        self.approval(officer, pin, true)
    }

    fn approval(
        &self,
        officer: &str,
        pin: &str,
        confirms_clock: bool,
    ) -> Result<(u16, Value), Failure> {
        let case = self.case()?;
        let text = |value: &Value, otherwise: &str| match value.as_str() {
            Some(text) if !text.trim().is_empty() => text.to_owned(),
            _ => otherwise.to_owned(),
        };
        let body = json!({
            "visit": case["visit"], "officer": officer, "pin": pin, "verdict": "approve",
            "title": text(&case["title"], "Giấy tờ khác"),
            "requester": text(&case["requester"]["name"], "Người Yêu Cầu"),
            "confirms_clock": confirms_clock,
        });
        self.0.post("/api/officer/decide", &body)
    }

    /// Refuses the waiting case under a PIN with a reason's code.
    pub fn refuse(&self, officer: &str, pin: &str, code: &str) -> Result<(u16, Value), Failure> {
        let case = self.case()?;
        let body = json!({
            "visit": case["visit"], "officer": officer, "pin": pin, "verdict": code,
        });
        self.0.post("/api/officer/decide", &body)
    }
}

impl Officer {
    /// Promises the copy for later with the first choice of this reason's code, in whose place
    /// `days` may ask for others; returns status and answer.
    pub fn defer(
        &self,
        officer: &str,
        code: &str,
        days: Option<u8>,
    ) -> Result<(u16, Value), Failure> {
        let case = self.case()?;
        let body = json!({
            "visit": case["visit"], "officer": officer, "reason": code, "days": days,
            "title": "Giấy tờ khác", "requester": "Nghiêm Thị Thử",
        });
        self.0.post("/api/officer/defer", &body)
    }

    /// Asks for pages to be scanned again, for a reason's code; all if none is named.
    pub fn rescan(
        &self,
        officer: &str,
        code: &str,
        pages: &[u32],
    ) -> Result<(u16, Value), Failure> {
        let case = self.case()?;
        let body = json!({
            "visit": case["visit"], "officer": officer, "reason": code, "pages": pages,
        });
        self.0.post("/api/officer/rescan", &body)
    }

    /// Says that the slip is in the requester's hands.
    pub fn slip_given(&self) -> Result<(), Failure> {
        self.0.post("/api/officer/slip-given", &json!({})).map(drop)
    }
}

#[expect(clippy::disallowed_methods, reason = "tests wait in real time")]
fn now() -> Instant {
    Instant::now()
}
