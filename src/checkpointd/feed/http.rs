//! What cameras post: `POST /NAME` or `/NAME/TOKEN`, the message itself or as a part beside its pictures.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRequest as _, Multipart, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64ct::{Base64, Encoding as _};
use reader::anpr;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::door::{Door, Peer};
use super::{Dropped, Feed};

/// Most bytes of one post: a message and its pictures.
const LARGEST: usize = 8 << 20;

/// Most parts of one post; cameras send three.
const PARTS: usize = 16;

/// Longest that one post may take. Cameras are near.
const LONGEST: Duration = Duration::from_secs(20);

/// Posts at once.
const AT_ONCE: usize = 8;

#[derive(Clone)]
struct Posts {
    feeds: Arc<Vec<Arc<Feed>>>,
    places: Arc<Semaphore>,
}

/// Serves until it is dropped; ends by itself only by a bug.
pub(super) async fn run(listener: TcpListener, feeds: Vec<Arc<Feed>>) {
    let posts = Posts { feeds: Arc::new(feeds), places: Arc::new(Semaphore::new(AT_ONCE)) };
    let router = Router::new()
        .route("/{name}", post(take))
        .route("/{name}/{token}", post(take))
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(posts);
    let service = router.into_make_service_with_connect_info::<Peer>();
    if let Err(error) = axum::serve(Door::new(listener), service).await {
        tracing::error!(%error, "the port of plate sources ended");
    }
}

/// What a camera is told. One that is told of an error tries again, so old news is taken with thanks like any other.
enum Answer {
    Taken,
    Unknown,
    Stranger,
    Busy,
    Slow,
    Large,
    Wrong(&'static str),
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        match self {
            Self::Taken => StatusCode::OK.into_response(),
            Self::Unknown => StatusCode::NOT_FOUND.into_response(),
            Self::Stranger => StatusCode::FORBIDDEN.into_response(),
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            Self::Slow => StatusCode::REQUEST_TIMEOUT.into_response(),
            Self::Large => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
            Self::Wrong(code) => (StatusCode::BAD_REQUEST, format!("{code}\n")).into_response(),
        }
    }
}

async fn take(
    State(Posts { feeds, places }): State<Posts>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    Path(way): Path<Vec<String>>,
    request: Request,
) -> Answer {
    let (name, token) = (way.first().map_or("", String::as_str), way.get(1).map(String::as_str));
    let Some(feed) = feeds.iter().find(|feed| feed.source.name == name) else { return Answer::Unknown };
    if !is_admitted(feed, peer, token, request.headers()) {
        feed.parts.counted.with(name, |count| *count.left.entry("feed-stranger").or_default() += 1);
        return Answer::Stranger;
    }
    let Ok(_place) = places.try_acquire() else { return Answer::Busy };
    let message = match tokio::time::timeout(LONGEST, message(request)).await {
        Ok(Ok(message)) => message,
        Ok(Err(answer)) => return answer,
        Err(_) => return Answer::Slow,
    };
    match feed.hear(&message, false).await {
        Err(dropped @ Dropped::Unread(_)) if dropped.is_wrong() => Answer::Wrong(dropped.code()),
        Ok(()) | Err(_) => Answer::Taken,
    }
}

/// By its address, and by the token in the path, or as a password: some cameras can only have one of the two.
fn is_admitted(feed: &Feed, peer: SocketAddr, given: Option<&str>, headers: &HeaderMap) -> bool {
    let source = &feed.source;
    let is_from = source.from.is_empty() || source.from.contains(&peer.ip().to_canonical());
    let in_header = || {
        let said = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, said) = said.split_once(' ')?;
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(said.to_owned());
        }
        let login = Base64::decode_vec(said).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
        Some(String::from_utf8(login).ok()?.split_once(':')?.1.to_owned())
    };
    let knows = match &source.token {
        Some(token) => given.map(str::to_owned).or_else(in_header).is_some_and(|given| token.is(&given)),
        None => true,
    };
    is_from && knows
}

/// The message of a post: its body, or the first part that is no picture.
async fn message(request: Request) -> Result<Vec<u8>, Answer> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("multipart/") {
        let body = axum::body::to_bytes(request.into_body(), anpr::LONGEST).await;
        return body.map(Into::into).map_err(|_| Answer::Large);
    }
    let unread = |_| Answer::Wrong(anpr::Error::Malformed.code());
    let mut parts = Multipart::from_request(request, &()).await.map_err(|_| Answer::Wrong("feed-multipart"))?;
    let mut message = None;
    for _ in 0..PARTS {
        // Pictures are read to their end as well: a camera that is cut off sends all of it again.
        let Some(mut part) = parts.next_field().await.map_err(unread)? else {
            return message.ok_or(Answer::Wrong("feed-multipart"));
        };
        let is_picture = part.content_type().is_some_and(|kind| kind.starts_with("image/"));
        let mut bytes = Vec::new();
        while let Some(chunk) = part.chunk().await.map_err(unread)? {
            if is_picture || message.is_some() {
                continue;
            }
            if bytes.len() + chunk.len() > anpr::LONGEST {
                return Err(Answer::Large);
            }
            bytes.extend_from_slice(&chunk);
        }
        if !is_picture && message.is_none() {
            message = Some(bytes);
        }
    }
    Err(Answer::Wrong("feed-multipart"))
}
