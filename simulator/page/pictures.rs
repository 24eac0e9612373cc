//! The pictures of the page: what cameras see, what panels show, what passes look like.

use std::io::Cursor;

use ::board::Picture;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use image::{GrayImage, ImageFormat, imageops};

use super::Page;
use crate::Error;

/// The small panel, as another kind of box has it.
const SMALL: (u32, u32) = (320, 240);

/// Side of a pass on its card.
const THUMBNAIL: u32 = 220;

/// Quality of what a camera sees, in percent; enough to see why something is not read.
const QUALITY: u8 = 80;

pub(super) async fn of_box(
    State(page): State<Page>,
    Path((name, picture)): Path<(String, String)>,
) -> Result<Response, Error> {
    let drawn = tokio::task::spawn_blocking(move || drawn(&page, &name, &picture)).await;
    drawn.map_err(|_| Error::Failed("a picture could not be drawn".to_owned()))?
}

fn drawn(page: &Page, name: &str, picture: &str) -> Result<Response, Error> {
    let post = page.desk.post(name)?;
    let key = format!("{name}/{picture}");
    let (kind, bytes) = match picture {
        "camera.jpg" => {
            let (version, seen) = post.handles.seen();
            ("image/jpeg", page.drawn(key, version, || jpeg(seen.as_deref()?)))
        }
        "panel.png" => {
            let (version, panel) = post.handles.panel();
            ("image/png", page.drawn(key, version, || Some(panel?.to_png())))
        }
        "small.png" => {
            let (version, _) = post.handles.panel();
            let small = || {
                let view = post.shown()?.latest.current()?;
                let mut picture = Picture::new(SMALL.0, SMALL.1);
                panel::draw(&view, &mut picture);
                Some(picture.to_png())
            };
            ("image/png", page.drawn(key, version, small))
        }
        "driver.png" => {
            let (version, _) = post.handles.panel();
            let sign = || {
                let view = post.shown()?.latest.current()?;
                let mut picture = Picture::new(SMALL.0, SMALL.1);
                panel::draw_driver(panel::driver(&view), view.language, &mut picture);
                Some(picture.to_png())
            };
            ("image/png", page.drawn(key, version, sign))
        }
        _ => return Err(Error::Unknown(format!("picture {picture:?}"))),
    };
    Ok(match bytes {
        Some(bytes) => ([(header::CONTENT_TYPE, kind)], bytes.as_ref().clone()).into_response(),
        // A box that has just been started has shown nothing yet.
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

fn jpeg(picture: &GrayImage) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, QUALITY);
    picture.write_with_encoder(encoder).ok().map(|()| bytes)
}

/// `ID.png` is what a pass looks like, `ID.txt` the text of its code.
pub(super) async fn of_pass(State(page): State<Page>, Path(file): Path<String>) -> Result<Response, Error> {
    let (id, kind) = file.split_once('.').ok_or_else(|| Error::Unknown(format!("file {file:?}")))?;
    let card = page.desk.card(id)?;
    match kind {
        "txt" => Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], card.text).into_response()),
        "png" => {
            let mut png = Cursor::new(Vec::new());
            let small = imageops::resize(
                card.picture.as_ref(),
                THUMBNAIL * card.picture.width() / card.picture.height().max(1),
                THUMBNAIL,
                imageops::FilterType::Triangle,
            );
            small
                .write_to(&mut png, ImageFormat::Png)
                .map_err(|error| Error::Failed(format!("a picture could not be written: {error}")))?;
            Ok(([(header::CONTENT_TYPE, "image/png")], png.into_inner()).into_response())
        }
        _ => Err(Error::Unknown(format!("file {file:?}"))),
    }
}
