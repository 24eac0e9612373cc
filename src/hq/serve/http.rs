//! What HQ serves over HTTP: releases to anybody, and to this machine alone what the boxes reported.
//!
//! Releases are public by design: everything in them is signed, and nothing is secret. Crossings are not;
//! until HQ has users (issue 7), only a browser on this very machine sees them. A page of some other site in
//! that browser must not, so the `Host` has to be this machine's as well.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::get;
use serde::Deserialize;
use tower_http::services::ServeDir;
use verdict::Reason;
use wire::entry::Outcome;

use super::page::{self, Language};
use super::shown::Shown;
use crate::Error;
use crate::open::Filter;

/// Files found by their hash never change; only the head and the list of roots do.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const EVERY_TIME: HeaderValue = HeaderValue::from_static("no-cache");

/// Most crossings of one answer.
const MOST: u32 = 1000;

/// Crossings of one answer when nobody says how many.
const SOME: u32 = 100;

/// Everything there is to answer.
pub fn router(shown: Arc<Shown>, release: &std::path::Path) -> Router {
    let desk = Router::new()
        .route("/", get(crossings_page))
        .route("/api/crossings", get(crossings))
        .route("/api/alerts", get(alerts))
        .route("/api/counts", get(counts))
        .route("/api/boxes", get(boxes))
        .layer(from_fn(this_machine_only))
        .with_state(shown);
    desk.nest("/release", releases(release))
}

/// Releases alone.
pub(super) fn releases(folder: &std::path::Path) -> Router {
    let files = Router::new().fallback_service(ServeDir::new(folder).append_index_html_on_directories(false));
    files.layer(from_fn(keeping)).layer(from_fn(whole_files_only))
}

/// Refuses whoever is not on this machine, and whatever names another host: a page of a stranger whose name
/// was made to point here.
async fn this_machine_only(ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if peer.ip().to_canonical().is_loopback() && is_here(host) {
        let mut response = next.run(request).await;
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        response
    } else {
        (StatusCode::FORBIDDEN, "only from this machine\n").into_response()
    }
}

/// Whether a `Host` names this machine: `localhost`, or a loopback address.
fn is_here(host: &str) -> bool {
    let uri = host.parse::<Uri>().ok();
    let name = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Files that are still being written, and the lock, are nobody's business.
async fn whole_files_only(request: Request, next: Next) -> Response {
    let name = request.uri().path().rsplit('/').next().unwrap_or_default();
    if name.starts_with('.') || name.ends_with(".part") {
        return StatusCode::NOT_FOUND.into_response();
    }
    next.run(request).await
}

/// Says how long an answer may be kept on the way.
async fn keeping(request: Request, next: Next) -> Response {
    let by_hash = request.uri().path().trim_start_matches('/').contains('/');
    let mut response = next.run(request).await;
    if response.status().is_success() {
        response.headers_mut().insert(header::CACHE_CONTROL, if by_hash { FOR_EVER } else { EVERY_TIME });
        let opaque = HeaderValue::from_static("application/octet-stream");
        response.headers_mut().insert(header::CONTENT_TYPE, opaque);
        response
            .headers_mut()
            .insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    }
    response
}

/// Which crossings are wanted; an unknown word is refused, so that a slip does not show all of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    limit: Option<u32>,
    #[serde(rename = "box")]
    name: Option<String>,
    outcome: Option<OutcomeName>,
    reason: Option<String>,
    plate: Option<String>,
    issuer: Option<String>,
    kind: Option<u16>,
    from_ms: Option<i64>,
    before_ms: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum OutcomeName {
    Admit,
    Check,
    Refuse,
}

impl Wanted {
    fn filter(self) -> Result<(Filter, u32), Refused> {
        let name = self.name.map(|name| name.parse().map_err(|_| Refused("box"))).transpose()?;
        let number = |code: &str| Reason::ALL.iter().find(|reason| reason.code() == code).map(|reason| reason.number());
        let reason = self.reason.map(|code| number(&code).ok_or(Refused("reason"))).transpose()?;
        let outcome = self.outcome.map(|outcome| match outcome {
            OutcomeName::Admit => Outcome::Admit,
            OutcomeName::Check => Outcome::Check,
            OutcomeName::Refuse => Outcome::Refuse,
        });
        let Self { plate, issuer, kind, from_ms: from, before_ms: before, .. } = self;
        let filter = Filter { name, outcome, reason, plate, issuer, kind, from, before };
        Ok((filter, self.limit.unwrap_or(SOME).min(MOST)))
    }
}

/// A word of the question that means nothing.
struct Refused(&'static str);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, format!("{} names nothing\n", self.0)).into_response()
    }
}

async fn crossings(State(shown): State<Arc<Shown>>, Query(wanted): Query<Wanted>) -> Result<Response, Refused> {
    let (filter, limit) = wanted.filter()?;
    Ok(answer(move || shown.crossings(&filter, limit).map(Json)).await)
}

async fn counts(State(shown): State<Arc<Shown>>, Query(wanted): Query<Wanted>) -> Result<Response, Refused> {
    let (filter, _) = wanted.filter()?;
    Ok(answer(move || shown.counts(&filter).map(Json)).await)
}

async fn alerts(State(shown): State<Arc<Shown>>) -> Response {
    answer(move || shown.alerts(MOST).map(Json)).await
}

async fn boxes(State(shown): State<Arc<Shown>>) -> Response {
    answer(move || shown.boxes().map(Json)).await
}

/// In which language the page is wanted, when somebody says so.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageWanted {
    lang: Option<Language>,
}

async fn crossings_page(
    State(shown): State<Arc<Shown>>,
    Query(wanted): Query<PageWanted>,
    headers: HeaderMap,
) -> Response {
    let wishes = headers.get(header::ACCEPT_LANGUAGE).and_then(|wishes| wishes.to_str().ok()).unwrap_or_default();
    let language = wanted.lang.unwrap_or_else(|| Language::accepted(wishes));
    answer(move || page::render(&shown, SOME, language).map(Html)).await
}

/// Asks the database away from the loop that serves boxes.
async fn answer<T: IntoResponse + Send + 'static>(ask: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Response {
    match tokio::task::spawn_blocking(ask).await {
        Ok(Ok(answer)) => answer.into_response(),
        Ok(Err(error)) => {
            tracing::error!(code = error.code(), "{}", crate::commands::chain(&error));
            (StatusCode::INTERNAL_SERVER_ERROR, format!("{}\n", error.code())).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_here() {
        for here in ["localhost", "localhost:8440", "127.0.0.1:8440", "127.1.2.3", "[::1]:8440"] {
            assert!(is_here(here), "{here}");
        }
        for elsewhere in
            ["", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "[::]", "a b"]
        {
            assert!(!is_here(elsewhere), "{elsewhere}");
        }
    }
}
