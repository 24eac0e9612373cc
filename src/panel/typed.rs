//! What has been typed so far, over any screen.

use crate::colour::TYPED;
use crate::font::Size;
use crate::place::Place;
use crate::sheet::{Align, Sheet};
use crate::text::Words;

/// Draws a strip with the end of what was typed, as that is what is being typed.
pub fn draw(sheet: &mut Sheet<'_>, place: Place, words: &Words, typed: &str) {
    sheet.fill(place, TYPED.ground);
    let gap = sheet.share(22);
    let mut rest = place.inset_by(gap, 1);
    let (label, _) = sheet.set(words.typed, Place { width: rest.width / 3, ..rest }, Size::Body);
    let left = rest.cut_left(label.width());
    rest.cut_left(gap);
    sheet.write(&label, left, TYPED, Align::Left);

    let Some(face) = Size::Headline.faces(sheet.whole().height).find(|face| face.line <= rest.height) else { return };
    let columns = usize::try_from(rest.width / face.advance).unwrap_or(0).saturating_sub(1);
    let all = typed.chars().count();
    let end: String = typed.chars().skip(all.saturating_sub(columns)).chain(['_']).collect();
    sheet.foreign(&end, rest, Size::Headline, TYPED, Align::Left);
}
