//! What a visitor can do: nothing that a driver, an officer, a clerk or the weather could not.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;

use super::Page;
use crate::board::Held;
use crate::scene::{Grip, Lens};
use crate::weather::{self, Scenario};
use crate::{Error, scene};

/// Everything a button may say; each uses what it needs.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Said {
    pass: Option<String>,
    key: Option<String>,
    up: Option<bool>,
    on: Option<bool>,
    add_s: Option<i64>,
    reset: Option<bool>,
    ntp: Option<bool>,
    rtc: Option<bool>,
    lens: Option<String>,
    grip: Option<String>,
    scenario: Option<String>,
}

impl Said {
    fn pass(&self) -> Result<&str, Error> {
        self.pass.as_deref().ok_or_else(|| missing("pass"))
    }
}

fn missing(what: &str) -> Error {
    Error::Unknown(format!("{what} in what was said"))
}

pub(super) async fn at_box(
    State(page): State<Page>,
    Path((name, act)): Path<(String, String)>,
    Json(said): Json<Said>,
) -> Result<StatusCode, Error> {
    let post = page.desk.post(&name)?.clone();
    match act.as_str() {
        "hold" => page.desk.hold(&post, said.pass()?).await?,
        "away" => page.desk.away(&post),
        // HQ draws a few dozen pictures.
        "play" => tokio::task::spawn_blocking(move || page.desk.play(&post)).await.map_err(|_| Error::Busy)??,
        "key" => {
            let word = said.key.ok_or_else(|| missing("key"))?;
            post.handles.press(word.parse().map_err(|_| Error::Unknown(format!("key {word:?}")))?);
        }
        "network" => post.set_network(said.up.ok_or_else(|| missing("up"))?),
        "stick" => {
            let (desk, on) = (page.desk.clone(), said.on.ok_or_else(|| missing("on"))?);
            let moved =
                tokio::task::spawn_blocking(
                    move || {
                        if on { post.put_stick_in(&desk.region) } else { post.take_stick_out() }
                    },
                );
            moved.await.map_err(|_| Error::Busy)??;
        }
        "anpr" => post.anpr.store(said.on.ok_or_else(|| missing("on"))?, Ordering::Relaxed),
        "clock" => match said {
            Said { add_s: Some(seconds), .. } => post.clock.add(seconds),
            Said { reset: Some(true), .. } => post.clock.reset(),
            Said { ntp: Some(is_heard), .. } => post.clock.set_ntp(is_heard),
            Said { rtc: Some(is_there), .. } => post.clock.set_rtc(is_there),
            _ => return Err(missing("add_s, reset, ntp or rtc")),
        },
        "lens" => {
            let word = said.lens.ok_or_else(|| missing("lens"))?;
            let lens = Lens::ALL.into_iter().find(|lens| lens.as_str() == word);
            post.handles.set_lens(lens.ok_or_else(|| Error::Unknown(format!("lens {word:?}")))?);
        }
        "grip" => {
            let word = said.grip.ok_or_else(|| missing("grip"))?;
            let grip = Grip::ALL.into_iter().find(|grip| grip.as_str() == word);
            post.handles.set_grip(grip.ok_or_else(|| Error::Unknown(format!("grip {word:?}")))?);
        }
        "weather" => {
            let name = said.scenario.ok_or_else(|| missing("scenario"))?;
            if name.is_empty() {
                post.plays(None);
            } else {
                let scenario = Scenario::named(&name)?;
                let seed = post.starts();
                weather::play::begin(&page.desk, &post, (&name, &scenario), seed, None, |said| {
                    tracing::info!("{said}")
                })?;
            }
        }
        "night" => post.handles.set_night(said.on.ok_or_else(|| missing("on"))?),
        "kill" => {
            let again = tokio::task::spawn_blocking(move || {
                post.stop();
                post.start()
            });
            again.await.map_err(|_| Error::Busy)??;
        }
        _ => return Err(Error::Unknown(format!("act {act:?}"))),
    }
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn at_hq(
    State(page): State<Page>,
    Path(act): Path<String>,
    Json(said): Json<Said>,
) -> Result<StatusCode, Error> {
    let desk = page.desk.clone();
    if act == "network" {
        let up = said.up.ok_or_else(|| missing("up"))?;
        desk.posts.iter().for_each(|post| post.set_network(up));
        return Ok(StatusCode::NO_CONTENT);
    }
    // HQ writes to its disk.
    let done = tokio::task::spawn_blocking(move || match act.as_str() {
        "revoke" => desk.revoke(said.pass()?),
        "renew" => desk.renew(said.pass()?),
        "publish" => desk.publish(),
        _ => Err(Error::Unknown(format!("act {act:?}"))),
    });
    done.await.map_err(|_| Error::Failed("HQ did not finish".to_owned()))??;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
pub(super) struct Stay {
    stay: Stays,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Stays {
    Picture,
    Webcam,
}

/// A visitor's own picture, or one frame of a visitor's own camera.
pub(super) async fn frame(
    State(page): State<Page>,
    Path(name): Path<String>,
    Query(Stay { stay }): Query<Stay>,
    body: Bytes,
) -> Result<StatusCode, Error> {
    let post = page.desk.post(&name)?.clone();
    let read = tokio::task::spawn_blocking(move || {
        let frame = ::board::still_from(&body, "the visitor's picture")?;
        let picture = image::GrayImage::from_raw(frame.width, frame.height, frame.luma.to_vec());
        picture.map(|picture| Arc::new(scene::fitted(picture))).ok_or_else(|| missing("picture"))
    });
    let picture = read.await.map_err(|_| Error::Failed("the picture could not be read".to_owned()))??;
    post.handles.hold(match stay {
        Stays::Picture => Held::Photo(picture),
        Stays::Webcam => Held::Webcam(picture, Instant::now()),
    });
    Ok(StatusCode::NO_CONTENT)
}
