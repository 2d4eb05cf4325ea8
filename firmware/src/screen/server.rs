//! The HTTP side of the screens: pages, views, wishes, events.

mod appointment;
mod fees;
mod kind;
mod network;
mod rescan;
mod sign_in;
mod technician;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use drivers_api::{Pin, SpokenLanguage};
use futures_util::{Stream, StreamExt};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;

use self::network::OfficersOnly;
use self::sign_in::{Here, Need};
use super::{view, words};
use crate::engine::{Kiosk, Taken};
use crate::steps::speak;
use crate::visit::{
    Approval, Decision, Feedback, PageId, RefusalReason, Say, State as VisitState, Visit, Wish,
};

/// Largest request body: a decision with a PIN, a title and a name.
const BODY_BYTES_MAX: usize = 16 * 1024;
/// Longest title or name an officer may enter, in characters.
const TEXT_CHARS_MAX: usize = 300;
/// Longest PIN, in bytes; PKCS#11 tokens take far less.
const PIN_BYTES_MAX: usize = 64;
/// How long a decision may take: token log-in, two signatures, disk.
const DECISION_WAIT_MAX: Duration = Duration::from_secs(60);
/// How often it is looked whether a sign-in is over.
const SWEEP_PAUSE: Duration = Duration::from_secs(1);
/// What a page may load: only what this server gives, nothing inline.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data: blob:; media-src blob:; connect-src 'self'; font-src 'self'; \
     form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/// Who uses a browser: told by a key that is drawn at each start and kept in a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Citizen,
    Officer,
    Technician,
}

impl Role {
    const fn cookie(self) -> &'static str {
        match self {
            Self::Citizen => "citizen",
            Self::Officer => "officer",
            Self::Technician => "technician",
        }
    }
}

/// The served pages.
pub struct Screen {
    listener: TcpListener,
    network: Option<OfficersOnly>,
    state: Arc<ScreenState>,
    /// Address of the officers' pages on the network, where there are any.
    pub network_url: Option<String>,
    /// Address of the citizen's page, with its key.
    pub citizen_url: String,
    /// Address of the officer's page, with its key.
    pub officer_url: String,
    /// Address of the technician's page, with its key.
    pub technician_url: String,
}

struct ScreenState {
    kiosk: Kiosk,
    address: SocketAddr,
    citizen_key: String,
    officer_key: String,
    technician_key: String,
    /// The steady time of the start.
    started: Duration,
    /// Held while checks are done for the technician.
    checking: tokio::sync::Mutex<()>,
}

/// Why the pages cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ScreenError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The configured address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file of the officers' pages cannot be read.
    #[error("cannot serve the officers' pages")]
    File {
        /// Which, and why.
        #[source]
        source: Box<crate::assemble::AssembleError>,
    },
    /// A file of the officers' pages is not named.
    #[error("{key} is not set")]
    Unnamed {
        /// The key.
        key: &'static str,
    },
    /// A file of the officers' pages is not as it must be.
    #[error("the file of {key} is no PEM of what it must hold")]
    Pem {
        /// The key.
        key: &'static str,
        /// What is wrong.
        #[source]
        source: rustls_pki_types::pem::Error,
    },
    /// The certificates of the officers' pages cannot be used.
    #[error("cannot use the certificates of the officers' pages")]
    Tls {
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No random numbers.
    #[error("cannot draw the screens' keys")]
    Random(#[source] getrandom::Error),
    /// The server stopped.
    #[error("the screen server stopped")]
    Serve(#[source] std::io::Error),
}

impl ScreenError {
    /// What the technician should do.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Listen { .. } => "free the address, or name another in the site file",
            Self::File { .. } | Self::Unnamed { .. } | Self::Pem { .. } | Self::Tls { .. } => {
                "correct officer.certificate, officer.key and officer.client_ca in the site file"
            }
            Self::Random(_) | Self::Serve(_) => "start the kiosk again",
        }
    }
}

impl Screen {
    /// Listens on the site file's address and draws the keys of this start.
    pub async fn bind(kiosk: Kiosk) -> Result<Self, ScreenError> {
        let wanted = kiosk.parts().config.screen.listen;
        let listen = |source| ScreenError::Listen { address: wanted, source };
        let listener = TcpListener::bind(wanted).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let (citizen_key, officer_key, technician_key) = (draw_key()?, draw_key()?, draw_key()?);
        let started = kiosk.parts().clock.steady();
        let network = OfficersOnly::bind(&kiosk.parts().config).await?;
        let network_url =
            network.as_ref().map(|network| format!("https://{}/officer", network.address()));
        Ok(Self {
            listener,
            network,
            network_url,
            citizen_url: format!("http://{address}/?key={citizen_key}"),
            officer_url: format!("http://{address}/officer?key={officer_key}"),
            technician_url: format!("http://{address}/technician?key={technician_key}"),
            state: Arc::new(ScreenState {
                kiosk,
                address,
                citizen_key,
                officer_key,
                technician_key,
                started,
                checking: tokio::sync::Mutex::default(),
            }),
        })
    }

    /// Serves until the future is dropped.
    pub async fn serve(self) -> Result<(), ScreenError> {
        let Self { listener, network, state, .. } = self;
        let sweeping = tokio::spawn(sweep(state.kiosk.clone()));
        let far = network_router(Arc::clone(&state));
        let far = far.into_make_service_with_connect_info::<network::Peer>();
        let far = async {
            match network {
                Some(network) => axum::serve(network, far).await,
                None => std::future::pending().await,
            }
        };
        let near = async { axum::serve(listener, router(state)).await };
        let served = tokio::select! { served = near => served, served = far => served };
        sweeping.abort();
        served.map_err(ScreenError::Serve)
    }
}

/// Ends what is over among the sign-ins, so that no key stays open behind its time.
async fn sweep(kiosk: Kiosk) {
    loop {
        tokio::time::sleep(SWEEP_PAUSE).await;
        let of = kiosk.clone();
        if tokio::task::spawn_blocking(move || of.sign_ins().sweep(of.parts())).await.is_err() {
            tracing::error!("looking after the sign-ins panicked");
        }
    }
}

fn draw_key() -> Result<String, ScreenError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(ScreenError::Random)?;
    Ok(hex::encode(bytes))
}

fn router(state: Arc<ScreenState>) -> Router {
    let citizen = Router::new()
        .route("/", get(|| async { page(include_str!("web/citizen.html")) }))
        .route("/api/visit", get(visit))
        .route("/api/visit/{wish}", post(wish))
        .route("/api/visit/feedback", post(feedback))
        .route("/api/visit/pages/{file}", get(small_image))
        .route("/api/events", get(visit_events))
        .route("/api/face.mjpeg", get(face_pictures))
        .route("/api/speech", post(speech))
        .layer(middleware::from_fn_with_state((Arc::clone(&state), Role::Citizen), require_role));
    let officer = officer_routes(&state)
        .layer(middleware::from_fn_with_state((Arc::clone(&state), Role::Officer), require_role));
    let technician = technician_routes().layer(middleware::from_fn_with_state(
        (Arc::clone(&state), Role::Technician),
        require_role,
    ));
    Router::new()
        .merge(citizen)
        .merge(officer)
        .merge(technician)
        .route("/assets/{file}", get(asset))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(&state), guard))
        .layer(middleware::from_fn(harden))
        .with_state(state)
}

/// The pages on the network: officers' alone, and the technician's for who signs in as such. The
/// connection's certificate is the key, and its name the host.
fn network_router(state: Arc<ScreenState>) -> Router {
    let technician = technician_routes().layer(middleware::from_fn_with_state(
        (Arc::clone(&state), Need::Technician),
        sign_in::require,
    ));
    officer_routes(&state)
        .merge(technician)
        .route("/", get(|| async { Redirect::to("/officer") }))
        .route("/assets/{file}", get(asset))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(harden))
        .with_state(state)
}

/// What officers ask for; behind the door that lets them in.
fn officer_routes(state: &Arc<ScreenState>) -> Router<Arc<ScreenState>> {
    let needs =
        |need: Need| middleware::from_fn_with_state((Arc::clone(state), need), sign_in::require);
    let seen = Router::new()
        .route("/api/officer/case", get(case))
        .route("/api/officer/pages/{file}", get(page_image))
        .route("/api/officer/fees", get(fees::of_day).post(fees::settle))
        .layer(needs(Need::SeesCases));
    let decided = Router::new()
        .route("/api/officer/decide", post(decide))
        .route("/api/officer/defer", post(appointment::defer))
        .route("/api/officer/kind", post(kind::set))
        .route("/api/officer/rescan", post(rescan::ask))
        .route("/api/officer/rescan-withdrawn", post(rescan::withdraw))
        .route("/api/officer/slip.pdf", get(appointment::slip))
        .route("/api/officer/slip-given", post(appointment::given))
        .layer(needs(Need::Decides));
    Router::new()
        .route("/officer", get(|| async { page(include_str!("web/officer.html")) }))
        .route("/api/officer/me", get(sign_in::me))
        .route("/api/officer/sign-in", post(sign_in::sign_in))
        .route("/api/officer/sign-out", post(sign_in::sign_out))
        // One empty event for each change: nothing of a case is in it.
        .route("/api/officer/events", get(case_events))
        .merge(seen)
        .merge(decided)
}

fn technician_routes() -> Router<Arc<ScreenState>> {
    Router::new()
        .route("/technician", get(|| async { page(include_str!("web/technician.html")) }))
        .route("/api/technician/hello", get(technician::hello))
        .route("/api/technician/status", get(technician::status))
        .route("/api/technician/selftest", post(technician::selftest))
        .route("/api/technician/clear-cabinet", post(technician::clear_cabinet))
}

/// Refuses requests meant for another host (DNS rebinding).
async fn guard(State(state): State<Arc<ScreenState>>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let ours = [state.address.to_string(), format!("localhost:{}", state.address.port())];
    if !host.is_some_and(|host| ours.iter().any(|ours| ours == host)) {
        return StatusCode::MISDIRECTED_REQUEST.into_response();
    }
    next.run(request).await
}

/// Sets the security headers.
async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[derive(Deserialize)]
struct KeyQuery {
    key: Option<String>,
}

/// Lets in who has the role's cookie; turns a key in the address into the cookie and takes it out
/// of the address again.
async fn require_role(
    State((state, role)): State<(Arc<ScreenState>, Role)>,
    Query(query): Query<KeyQuery>,
    request: Request,
    next: Next,
) -> Response {
    let expected = match role {
        Role::Citizen => &state.citizen_key,
        Role::Officer => &state.officer_key,
        Role::Technician => &state.technician_key,
    };
    if let Some(key) = query.key {
        if !same(&key, expected) {
            return StatusCode::FORBIDDEN.into_response();
        }
        let cookie = format!("{}={key}; HttpOnly; SameSite=Strict; Path=/", role.cookie());
        let path = request.uri().path().to_owned();
        return ([(header::SET_COOKIE, cookie)], Redirect::to(&path)).into_response();
    }
    let given = cookie_value(request.headers(), role.cookie());
    if given.is_some_and(|given| same(given, expected)) {
        next.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    }
}

/// Compares in a time that does not depend on where the texts differ.
fn same(given: &str, expected: &str) -> bool {
    given.len() == expected.len()
        && given.bytes().zip(expected.bytes()).fold(0, |diff, (a, b)| diff | (a ^ b)) == 0
}

fn cookie_value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).find_map(
        |cookies| {
            cookies.split(';').find_map(|cookie| {
                let (key, value) = cookie.trim().split_once('=')?;
                (key == name).then_some(value)
            })
        },
    )
}

fn page(html: &'static str) -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
}

async fn asset(Path(file): Path<String>) -> Response {
    let (kind, text) = match file.as_str() {
        "citizen.js" => ("text/javascript", include_str!("web/citizen.js")),
        "officer.js" => ("text/javascript", include_str!("web/officer.js")),
        "technician.js" => ("text/javascript", include_str!("web/technician.js")),
        "appointment.js" => ("text/javascript", include_str!("web/appointment.js")),
        "sign_in.js" => ("text/javascript", include_str!("web/sign_in.js")),
        "fees.js" => ("text/javascript", include_str!("web/fees.js")),
        "rescan.js" => ("text/javascript", include_str!("web/rescan.js")),
        "screen.css" => ("text/css", include_str!("web/screen.css")),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

async fn visit(State(state): State<Arc<ScreenState>>) -> Response {
    let visit = state.kiosk.watch().borrow().clone();
    Json(view::visit_view(&state.kiosk, &visit)).into_response()
}

async fn case(State(state): State<Arc<ScreenState>>) -> Response {
    let visit = state.kiosk.watch().borrow().clone();
    Json(view::case_view(&state.kiosk, &visit)).into_response()
}

type Events = Sse<axum::response::sse::KeepAliveStream<EventStream>>;
type EventStream = std::pin::Pin<Box<dyn Stream<Item = Result<Event, Infallible>> + Send>>;

/// One event for each change of the visit; the page then fetches the view. The event itself is
/// empty, so that nothing personal lingers in a stream.
fn events(kiosk: &Kiosk) -> Events {
    let changes: EventStream =
        Box::pin(WatchStream::new(kiosk.watch()).map(|_| Ok(Event::default().data("changed"))));
    Sse::new(changes).keep_alive(KeepAlive::default())
}

/// As [`events`], and one when the barcode reader comes or goes, and for each new word to the
/// person before the camera.
async fn visit_events(State(state): State<Arc<ScreenState>>) -> Events {
    let visits = WatchStream::new(state.kiosk.watch()).map(drop);
    let readers = WatchStream::from_changes(state.kiosk.parts().barcode.watch()).map(drop);
    let visits = futures_util::stream::select(visits, readers);
    let event = |()| Ok(Event::default().data("changed"));
    let Some(face) = &state.kiosk.parts().face else {
        let changes: EventStream = Box::pin(visits.map(event));
        return Sse::new(changes).keep_alive(KeepAlive::default());
    };
    let words = WatchStream::new(face.guide()).scan(None, |before, guide| {
        let now = (guide.say, guide.done);
        let new = before.replace(now) != Some(now);
        std::future::ready(Some(new))
    });
    let words = words.filter(|new| std::future::ready(*new)).map(drop);
    let changes: EventStream = Box::pin(futures_util::stream::select(visits, words).map(event));
    Sse::new(changes).keep_alive(KeepAlive::default())
}

/// What the page wants to be heard.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SpeechBody {
    vietnamese: bool,
    text: String,
}

/// A text of the page as sound. The text is on the page already, and goes nowhere else.
async fn speech(State(state): State<Arc<ScreenState>>, Json(body): Json<SpeechBody>) -> Response {
    if body.text.chars().count() > speak::TEXT_CHARS_MAX || body.text.trim().is_empty() {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    }
    let spoken = tokio::task::spawn_blocking(move || {
        let speaker = state.kiosk.parts().speaker.as_ref()?;
        let language = match body.vietnamese {
            true => SpokenLanguage::Vietnamese,
            false => SpokenLanguage::English,
        };
        Some(speaker.speak(&body.text, language))
    });
    match spoken.await {
        Ok(Some(Ok(sound))) => {
            ([(header::CONTENT_TYPE, "audio/wav")], sound.to_vec()).into_response()
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Ok(Some(Err(error))) => {
            tracing::warn!(error = crate::chain(&error), hint = error.hint(), "not spoken");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// The camera's picture while it is on, frame by frame: for the person's own screen only.
async fn face_pictures(State(state): State<Arc<ScreenState>>) -> Response {
    const BOUNDARY: &str = "frame";
    let Some(face) = &state.kiosk.parts().face else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let pictures = WatchStream::new(face.guide())
        .skip_while(|guide| std::future::ready(guide.picture.is_none()))
        .take_while(|guide| std::future::ready(guide.picture.is_some()))
        .filter_map(|guide| std::future::ready(guide.picture));
    let parts = pictures.map(|picture| {
        let jpeg = picture.jpeg();
        let head = format!(
            "--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
            jpeg.len()
        );
        Ok::<_, Infallible>([head.as_bytes(), jpeg, b"\r\n"].concat())
    });
    let kind = format!("multipart/x-mixed-replace; boundary={BOUNDARY}");
    ([(header::CONTENT_TYPE, kind)], Body::from_stream(parts)).into_response()
}

async fn case_events(State(state): State<Arc<ScreenState>>) -> Events {
    events(&state.kiosk)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct StartBody {
    copies: Option<u32>,
}

/// Takes a citizen's wish; answers when the visit has taken it, so that the next look at the screen
/// shows what came of it. Every wish is a JSON POST, which a foreign page cannot send unasked.
async fn wish(
    State(state): State<Arc<ScreenState>>,
    Path(wish): Path<String>,
    Json(body): Json<StartBody>,
) -> Response {
    let wish = match wish.as_str() {
        "start" => {
            let Ok((visit, taken)) = state.kiosk.begin(body.copies.unwrap_or(1)) else {
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            };
            return answer_when(taken, json!({ "visit": visit.0 })).await;
        }
        "scan" => Wish::ScanPage,
        "drop-page" => Wish::DropLastPage,
        "pages-done" => Wish::PagesDone,
        "card" => Wish::ScanCard,
        "card-skip" => Wish::SkipCard,
        "face" => Wish::CompareFace { slowly: false },
        "face-slowly" => Wish::CompareFace { slowly: true },
        "face-skip" => Wish::SkipFace,
        "print-again" => Wish::PrintAgain,
        "end" => Wish::End,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    answer_when(state.kiosk.wish(wish), json!({})).await
}

/// What the person says of the service.
async fn feedback(State(state): State<Arc<ScreenState>>, Json(said): Json<Feedback>) -> Response {
    answer_when(state.kiosk.wish(Wish::Feedback(said)), json!({})).await
}

async fn answer_when(taken: Taken, answer: serde_json::Value) -> Response {
    match taken.await {
        Ok(()) => Json(answer).into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// A page as the person's own screen shows it, for as long as the view names it.
async fn small_image(State(state): State<Arc<ScreenState>>, Path(file): Path<String>) -> Response {
    let id = file.strip_suffix(".jpg").and_then(|id| id.parse().ok());
    let shown = view::sheets(&state.kiosk.watch().borrow());
    let id = id.filter(|id| shown.iter().any(|sheet| sheet.id == *id)).map(PageId);
    let page = id.and_then(|id| state.kiosk.desk().pages.get(&id).cloned());
    match page {
        Some(page) => {
            ([(header::CONTENT_TYPE, "image/jpeg")], page.small.bytes().to_vec()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn page_image(State(state): State<Arc<ScreenState>>, Path(file): Path<String>) -> Response {
    let id = file.strip_suffix(".jpg").and_then(|id| id.parse().ok()).map(PageId);
    let page = id.and_then(|id| state.kiosk.desk().pages.get(&id).cloned());
    let Some(page) = page else { return StatusCode::NOT_FOUND.into_response() };
    // Layers are decoded and put together: work that would hold up other requests.
    match tokio::task::spawn_blocking(move || page.picture.preview()).await {
        Ok(Some(jpeg)) => ([(header::CONTENT_TYPE, "image/jpeg")], jpeg).into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A decision as the page sends it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecideBody {
    visit: String,
    /// Under whose name the page stands.
    officer: String,
    /// Empty where a session of the officer is open.
    #[serde(default)]
    pin: String,
    /// `approve`, or the code of a reason of refusal.
    verdict: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    requester: String,
    #[serde(default)]
    confirms_clock: bool,
}

fn say_error(status: StatusCode, say: Say) -> Response {
    (status, Json(json!({ "say": words::say(say), "id": say }))).into_response()
}

/// Whether this case waits for a decision.
fn waits(visit: &Visit, id: &str) -> bool {
    matches!(visit.state(), VisitState::Deciding(dossier) if dossier.visit.0 == id)
}

fn fits(text: &str) -> bool {
    text.chars().count() <= TEXT_CHARS_MAX
}

async fn decide(
    State(state): State<Arc<ScreenState>>,
    Extension(here): Extension<Here>,
    Json(body): Json<DecideBody>,
) -> Response {
    let mut watched = state.kiosk.watch();
    if !waits(&watched.borrow_and_update(), &body.visit) {
        return StatusCode::CONFLICT.into_response();
    }
    if !here.is(&body.officer) {
        return say_error(StatusCode::FORBIDDEN, Say::NotDelegated);
    }
    let pin = Pin::new(body.pin);
    let asked_for = here.who.signatures.is_none();
    if asked_for && pin.expose().is_empty() {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    }
    if pin.expose().len() > PIN_BYTES_MAX || !fits(&body.title) || !fits(&body.requester) {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    }
    let verdict = if body.verdict == "approve" {
        if body.title.trim().is_empty() || body.requester.trim().is_empty() {
            return StatusCode::UNPROCESSABLE_ENTITY.into_response();
        }
        Ok(Approval { title: body.title, requester: body.requester })
    } else {
        match RefusalReason::with_code(&body.verdict) {
            Some(reason) => Err(reason),
            None => return StatusCode::UNPROCESSABLE_ENTITY.into_response(),
        }
    };
    // The first change is the decision being taken up; the second, its outcome.
    let DecideBody { officer, confirms_clock, .. } = body;
    let pin = Some(pin).filter(|pin| !pin.expose().is_empty());
    drop(state.kiosk.decide(Decision { officer, verdict, confirms_clock }, pin, here.id));
    settle(watched).await
}

/// Waits until a decision is carried out, and says what came of it.
async fn settle(mut watched: watch::Receiver<Visit>) -> Response {
    let settled = async {
        watched.changed().await?;
        let busy = |visit: &Visit| {
            matches!(
                visit.state(),
                VisitState::Authorising(..)
                    | VisitState::Certifying(..)
                    | VisitState::Deferring(..)
            )
        };
        watched.wait_for(|visit| !busy(visit)).await.map(|visit| visit.clone())
    };
    match tokio::time::timeout(DECISION_WAIT_MAX, settled).await {
        Ok(Ok(visit)) => outcome(visit.state()),
        Ok(Err(_)) | Err(_) => say_error(StatusCode::GATEWAY_TIMEOUT, Say::Internal),
    }
}

/// What the page is told after a decision.
fn outcome(state: &VisitState) -> Response {
    match state {
        VisitState::Issued(_, issued) => Json(json!({ "issued": issued })).into_response(),
        VisitState::Refused(_, refusal) => Json(json!({ "refused": refusal })).into_response(),
        VisitState::Deferred(_, appointment) => {
            Json(json!({ "deferred": appointment })).into_response()
        }
        VisitState::Deciding(dossier) => {
            let say = dossier.trouble.as_ref().map_or(Say::Internal, |trouble| trouble.say);
            say_error(status_of(say), say)
        }
        _ => StatusCode::CONFLICT.into_response(),
    }
}

/// The status of an answer that says this.
const fn status_of(say: Say) -> StatusCode {
    match say {
        Say::PinWrong | Say::SignedOut => StatusCode::UNAUTHORIZED,
        Say::PinLocked | Say::NotDelegated => StatusCode::FORBIDDEN,
        Say::ClockBack | Say::ClockUnset => StatusCode::CONFLICT,
        Say::NoAppointment => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}
