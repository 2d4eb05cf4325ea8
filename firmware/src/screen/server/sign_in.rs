//! Who sits at an officer's page: signing in and out, and what each role may ask for.

use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use drivers_api::Pin;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::appointment::NoFields;
use super::network::Peer;
use super::{PIN_BYTES_MAX, ScreenState, cookie_value, say_error, status_of};
use crate::config::OfficerRole;
use crate::engine::lock;
use crate::screen::words::{self, Sentence};
use crate::steps::sign_in::{SignInId, SignedIn};
use crate::visit::{Say, State as VisitState};

/// The cookie with the sign-in.
const COOKIE: &str = "sign-in";

/// What a route needs of who asks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Need {
    /// Cases are seen there.
    SeesCases,
    /// Cases are decided there.
    Decides,
    /// The kiosk's state is seen there.
    Technician,
}

impl Need {
    const fn is_met_by(self, role: OfficerRole) -> bool {
        match self {
            Self::SeesCases => role.sees_cases(),
            Self::Decides => role.decides(),
            Self::Technician => matches!(role, OfficerRole::Technician),
        }
    }
}

/// Who asks, for the routes behind [`require`].
#[derive(Debug, Clone)]
pub(super) struct Here {
    /// The sign-in.
    pub(super) id: SignInId,
    /// Whose it is.
    pub(super) who: SignedIn,
}

impl Here {
    /// Whether a page that shows this officer's name is the one that is signed in: another tab may
    /// have signed in somebody else since.
    pub(super) fn is(&self, officer: &str) -> bool {
        self.who.officer == officer
    }
}

fn here(state: &ScreenState, headers: &HeaderMap, peer: Option<&Peer>) -> Option<Here> {
    let id = SignInId::new(cookie_value(headers, COOKIE)?);
    let who = state.kiosk.sign_ins().who(state.kiosk.parts(), &id)?;
    let own = peer.is_none_or(|peer| peer.officer == who.officer);
    own.then_some(Here { id, who })
}

/// Lets in who is signed in with a role that has this right.
pub(super) async fn require(
    State((state, need)): State<(Arc<ScreenState>, Need)>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<ConnectInfo<Peer>>().map(|info| info.0.clone());
    let Some(here) = here(&state, request.headers(), peer.as_ref()) else {
        return say_error(StatusCode::UNAUTHORIZED, Say::SignedOut);
    };
    if !need.is_met_by(here.who.role) {
        return StatusCode::FORBIDDEN.into_response();
    }
    request.extensions_mut().insert(here);
    next.run(request).await
}

/// What the page shows of who is signed in, and of who may be.
#[derive(Serialize)]
struct MeView {
    signed_in: Option<SignedInView>,
    /// Who may sign in here.
    officers: Vec<NameView>,
    /// Whether a case waits for a decision.
    waiting: bool,
    /// What is wrong with the signing keys.
    keys: Vec<Sentence>,
}

#[derive(Serialize)]
struct NameView {
    id: String,
    name: String,
    capacity: String,
}

#[derive(Serialize)]
struct SignedInView {
    #[serde(flatten)]
    name: NameView,
    role: OfficerRole,
    /// Whether the officer's delegation is in force now.
    in_force: bool,
    /// How long the sign-in lasts.
    seconds: u64,
    /// How many more copies may be signed without a PIN; none where each needs its own.
    signatures: Option<u32>,
}

fn me_view(state: &ScreenState, who: Option<&SignedIn>, peer: Option<&Peer>) -> MeView {
    let parts = state.kiosk.parts();
    let name = |officer: &crate::config::Officer| NameView {
        id: officer.id.clone(),
        name: officer.name.clone(),
        capacity: officer.capacity.clone(),
    };
    let signed_in = who.and_then(|who| {
        let officer = parts.config.officer(&who.officer)?;
        Some(SignedInView {
            name: name(officer),
            role: who.role,
            in_force: officer.may_sign_at(parts.clock.now()).is_ok(),
            seconds: who.left.as_secs(),
            signatures: who.signatures,
        })
    });
    let here = |officer: &&crate::config::Officer| peer.is_none_or(|p| p.officer == officer.id);
    let visits = state.kiosk.watch();
    let waiting = matches!(visits.borrow().state(), VisitState::Deciding(_));
    MeView {
        signed_in,
        officers: parts.config.officers.iter().filter(here).map(name).collect(),
        waiting,
        keys: lock(&parts.key_problems).iter().filter_map(words::key).collect(),
    }
}

/// Who is signed in at this page.
pub(super) async fn me(
    State(state): State<Arc<ScreenState>>,
    headers: HeaderMap,
    peer: Option<axum::Extension<ConnectInfo<Peer>>>,
) -> Response {
    let peer = peer.map(|info| info.0.0);
    let here = here(&state, &headers, peer.as_ref());
    Json(me_view(&state, here.as_ref().map(|here| &here.who), peer.as_ref())).into_response()
}

/// What the page sends to sign in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignInBody {
    officer: String,
    pin: String,
}

/// Signs an officer in.
pub(super) async fn sign_in(
    State(state): State<Arc<ScreenState>>,
    headers: HeaderMap,
    peer: Option<axum::Extension<ConnectInfo<Peer>>>,
    Json(body): Json<SignInBody>,
) -> Response {
    let peer = peer.map(|info| info.0.0);
    let pin = Pin::new(body.pin);
    if pin.expose().is_empty() || pin.expose().len() > PIN_BYTES_MAX {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    }
    if peer.as_ref().is_some_and(|peer| peer.officer != body.officer) {
        return say_error(StatusCode::FORBIDDEN, Say::NotDelegated);
    }
    let before = here(&state, &headers, peer.as_ref());
    let of = Arc::clone(&state);
    let signing = tokio::task::spawn_blocking(move || {
        let (kiosk, parts) = (&of.kiosk, of.kiosk.parts());
        let id = kiosk.sign_ins().sign_in(parts, &body.officer, &pin)?;
        // Who signs in where somebody else was is the only one there.
        if let Some(before) = before {
            kiosk.sign_ins().sign_out(parts, &before.id);
        }
        Ok::<_, crate::visit::Trouble>(id)
    });
    match signing.await {
        Ok(Ok(id)) => {
            let secure = if peer.is_some() { "; Secure" } else { "" };
            let cookie =
                format!("{COOKIE}={}; HttpOnly; SameSite=Strict; Path=/{secure}", id.expose());
            let who = state.kiosk.sign_ins().who(state.kiosk.parts(), &id);
            let me = Json(me_view(&state, who.as_ref(), peer.as_ref()));
            ([(header::SET_COOKIE, cookie)], me).into_response()
        }
        Ok(Err(trouble)) => {
            tracing::warn!(cause = trouble.cause, hint = trouble.remedy, "nobody is signed in");
            say_error(status_of(trouble.say), trouble.say)
        }
        Err(_) => say_error(StatusCode::INTERNAL_SERVER_ERROR, Say::Internal),
    }
}

/// Signs out.
pub(super) async fn sign_out(
    State(state): State<Arc<ScreenState>>,
    headers: HeaderMap,
    peer: Option<axum::Extension<ConnectInfo<Peer>>>,
    Json(NoFields {}): Json<NoFields>,
) -> Response {
    if let Some(here) = here(&state, &headers, peer.map(|info| info.0.0).as_ref()) {
        let of = Arc::clone(&state);
        let out = move || of.kiosk.sign_ins().sign_out(of.kiosk.parts(), &here.id);
        if tokio::task::spawn_blocking(out).await.is_err() {
            return say_error(StatusCode::INTERNAL_SERVER_ERROR, Say::Internal);
        }
    }
    let cookie = format!("{COOKIE}=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
    ([(header::SET_COOKIE, cookie)], Json(json!({}))).into_response()
}
