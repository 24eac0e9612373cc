//! How a box's camera is: what it does, and the health of its picture, in words with their figures.

use super::{BoxShown, Language, Page};
use crate::serve::PictureShown;

/// Focus in percent below which somebody should look at the lens.
const SOFT: u8 = 50;

/// Clipped pixels, of a thousand, from which on light falls into the lens.
const GLARE: u16 = 50;

/// What looks like dirt, in percent of the picture, from which on the glass should be wiped.
const DIRTY: u8 = 10;

/// Mean luma of a picture that is not in the dark.
const DARK: u8 = 40;

/// Writes what stands in one cell.
pub(super) fn draw(page: &mut Page, language: Language, one: &BoxShown) {
    let Some(camera) = one.camera else {
        page.raw("–");
        return;
    };
    let (class, sign) = if camera { ("admit", "●") } else { ("refuse", "○") };
    let state = one.camera_state.as_deref().map_or_else(|| seen(language, camera), |state| word(language, state));
    page.raw("<span class=\"").raw(class).raw("\">").raw(sign).raw(" ").text(state).raw("</span>");
    if let Some(picture) = &one.picture {
        page.raw("<br><small>");
        for (at, (text, is_fine)) in figures(language, picture).into_iter().enumerate() {
            page.raw(if at > 0 { ", " } else { "" });
            if is_fine {
                page.text(&text);
            } else {
                page.raw("<strong class=\"check\">").text(&text).raw("</strong>");
            }
        }
        page.raw("</small>");
    }
    if let Some(deaths) = one.reader_deaths.filter(|deaths| *deaths > 0) {
        let word = language.of("распознаватель перезапущен", "decoder started again");
        page.raw("<br><small class=\"check\">").text(&format!("{word}: {deaths}")).raw("</small>");
    }
}

/// The health of a picture, and for each word whether all is well with it.
fn figures(language: Language, picture: &PictureShown) -> Vec<(String, bool)> {
    let PictureShown { brightness, glare_permille: glare, focus_percent, dirt_percent } = *picture;
    let mut said = Vec::new();
    if let Some(focus) = focus_percent {
        let is_sharp = focus >= SOFT;
        let word =
            if is_sharp { language.of("резко", "sharp") } else { language.of("нерезко", "not sharp") };
        said.push((format!("{word} {focus} %"), is_sharp));
    }
    let point = language.of(",", ".");
    said.push((format!("{} {}{point}{} %", language.of("блики", "glare"), glare / 10, glare % 10), glare < GLARE));
    let is_lit = brightness >= DARK;
    let word = if is_lit { language.of("яркость", "brightness") } else { language.of("темно", "dark") };
    said.push((format!("{word} {brightness}"), is_lit));
    if let Some(dirt) = dirt_percent {
        said.push((format!("{} {dirt} %", language.of("грязь", "dirt")), dirt < DIRTY));
    }
    said
}

/// A camera's state; a newer box may know one that this version does not.
fn word(language: Language, state: &str) -> &str {
    match state {
        "sees" => language.of("видит", "sees"),
        "frozen" => language.of("зависла", "frozen"),
        "black" => language.of("видит темноту", "sees only black"),
        "covered" => language.of("закрыта", "covered"),
        "fails" => language.of("не работает", "does not work"),
        "ended" => language.of("кадры кончились", "no more frames"),
        other => other,
    }
}

/// What a box says that does not tell more.
fn seen(language: Language, camera: bool) -> &'static str {
    if camera { language.of("видит", "sees") } else { language.of("не видит", "does not see") }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A box of which nothing is known.
    pub fn a_box() -> BoxShown {
        BoxShown {
            name: "post-1".to_owned(),
            key_known: true,
            online: Some(true),
            reader_deaths: Some(0),
            ..BoxShown::default()
        }
    }

    fn shown(state: Option<&str>, picture: Option<PictureShown>) -> String {
        let camera = Some(state == Some("sees"));
        let one = BoxShown { camera, camera_state: state.map(str::to_owned), picture, ..a_box() };
        let mut page = Page(String::new());
        draw(&mut page, Language::En, &one);
        page.0
    }

    #[test]
    fn what_is_not_well_stands_out_and_what_a_box_says_never_becomes_html() {
        let mut picture =
            PictureShown { brightness: 90, glare_permille: 3, focus_percent: Some(80), dirt_percent: None };
        let well = shown(Some("sees"), Some(picture.clone()));
        assert!(well.contains("● sees") && well.contains("sharp 80 %, glare 0.3 %, brightness 90"), "{well}");
        assert!(!well.contains("strong"), "{well}");
        (picture.focus_percent, picture.glare_permille, picture.dirt_percent) = (Some(20), 62, Some(12));
        let ill = shown(Some("covered"), Some(picture));
        for word in ["○ covered", ">not sharp 20 %<", ">glare 6.2 %<", ">dirt 12 %<"] {
            assert!(ill.contains(word), "{word}: {ill}");
        }
        assert!(shown(Some("<script>"), None).contains("&lt;script&gt;"));
        assert!(shown(None, None).contains("does not see"));
    }
}
