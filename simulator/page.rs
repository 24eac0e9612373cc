//! The page on which a visitor plays driver, officer, clerk and weather.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Query, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use axum::{Router, serve};
use checkpointd::page::is_here;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::Error;
use crate::region::Desk;

mod acts;
mod pictures;
mod state;

/// Longest wait of a question for news; proxies and browsers give up later.
const NEWS: Duration = Duration::from_secs(10);

/// How often it is looked whether there is news.
const LOOK: Duration = Duration::from_millis(100);

/// Largest picture a visitor may bring.
const LARGEST: usize = 20 * 1024 * 1024;

/// The desk with its page.
#[derive(Clone)]
pub struct Page {
    desk: Arc<Desk>,
    /// What the page shows now, by version.
    news: watch::Receiver<(u64, Value)>,
    /// Pictures are encoded once, however many look at them.
    drawn: Arc<Mutex<BTreeMap<String, Drawn>>>,
}

/// A picture, and of which version it is.
type Drawn = (u64, Arc<Vec<u8>>);

/// Serves the page until `end` comes.
///
/// # Errors
/// When the port is taken.
pub async fn run(desk: Arc<Desk>, port: u16, end: impl Future<Output = ()>) -> Result<(), Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    let (tell, news) = watch::channel((1, Value::Null));
    let page = Page { desk: desk.clone(), news, drawn: Arc::default() };
    let looking = tokio::spawn(look(desk, tell));
    announce(address);
    tokio::select! {
        ended = async { serve(listener, router(page)).await } => ended?,
        _ = looking => return Err(Error::Failed("nobody looks for news any more".to_owned())),
        () = end => {}
    }
    Ok(())
}

/// One line for people and scripts.
fn announce(address: SocketAddr) {
    println!("http://{address}/");
}

/// Looks for news, and says so when there is some.
async fn look(desk: Arc<Desk>, tell: watch::Sender<(u64, Value)>) {
    let mut version = 1;
    loop {
        let asked = desk.clone();
        let Ok(state) = tokio::task::spawn_blocking(move || state::state(&asked)).await else { return };
        if tell.borrow().1 != state {
            version += 1;
            tell.send_replace((version, state));
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn router(page: Page) -> Router {
    Router::new()
        .route("/", get(async || asset("text/html; charset=utf-8", include_str!("page/index.html"))))
        .route("/page.css", get(async || asset("text/css; charset=utf-8", include_str!("page/page.css"))))
        .route("/words.js", get(async || asset("text/javascript; charset=utf-8", include_str!("page/words.js"))))
        .route("/page.js", get(async || asset("text/javascript; charset=utf-8", include_str!("page/page.js"))))
        .route("/api/state", get(news))
        .route("/box/{name}/{picture}", get(pictures::of_box))
        .route("/pass/{file}", get(pictures::of_pass))
        .route("/api/box/{name}/frame", post(acts::frame).layer(DefaultBodyLimit::max(LARGEST)))
        .route("/api/box/{name}/{act}", post(acts::at_box))
        .route("/api/hq/{act}", post(acts::at_hq))
        .layer(from_fn(this_page_only))
        .with_state(page)
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// Only this machine, by a name of this machine, and only from this very page: a page of some stranger in the
/// same browser must neither look nor touch.
async fn this_page_only(request: Request, next: Next) -> Response {
    if !is_from_this_page(&request) {
        return (StatusCode::FORBIDDEN, "only from this page\n").into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let policy = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn is_from_this_page(request: &Request) -> bool {
    let named = |name: header::HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    let host = named(header::HOST).unwrap_or_default();
    // Browsers always say from where they post.
    let from_here = named(header::ORIGIN).is_none_or(|origin| origin == format!("http://{host}"));
    // What a form of a stranger could send without asking first is refused.
    let is_ours = request.method() != Method::POST
        || named(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.starts_with("application/json") || kind.starts_with("image/"));
    is_here(host) && from_here && is_ours
}

#[derive(Deserialize)]
struct After {
    after: Option<u64>,
}

/// What is new since a version; waits a while when nothing is.
async fn news(State(page): State<Page>, Query(After { after }): Query<After>) -> Response {
    let mut news = page.news.clone();
    let is_news = |(version, state): &(u64, Value)| Some(*version) != after && !state.is_null();
    // No news is an answer too: the same state again.
    let _ = tokio::time::timeout(NEWS, news.wait_for(is_news)).await;
    let (version, mut state) = news.borrow().clone();
    if let Some(state) = state.as_object_mut() {
        state.insert("version".to_owned(), json!(version));
    }
    Json(state).into_response()
}

/// What a visitor is told when something cannot be done.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Unknown(_) => StatusCode::NOT_FOUND,
            Self::Busy => StatusCode::CONFLICT,
            Self::Picture(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Hq(error) if error.is_refusal() => StatusCode::CONFLICT,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        tracing::warn!(code = self.code(), "{}", crate::error::chain(&self));
        let (ru, en) = self.words();
        (status, Json(json!({"error": {"code": self.code(), "ru": ru, "en": en}}))).into_response()
    }
}

impl Page {
    /// A picture drawn once for each version.
    fn drawn(&self, name: String, version: u64, draw: impl FnOnce() -> Option<Vec<u8>>) -> Option<Arc<Vec<u8>>> {
        let kept = |page: &Self| {
            let drawn = page.drawn.lock().unwrap_or_else(PoisonError::into_inner);
            drawn.get(&name).filter(|(of, _)| *of == version).map(|(_, bytes)| bytes.clone())
        };
        if let Some(bytes) = kept(self) {
            return Some(bytes);
        }
        let bytes = Arc::new(draw()?);
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner).insert(name, (version, bytes.clone()));
        Some(bytes)
    }
}
