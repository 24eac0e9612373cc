//! What is being typed, over any screen.

use crate::colour::TYPED;
use crate::desk::Typed;
use crate::font::Size;
use crate::place::Place;
use crate::sheet::{Align, Sheet};
use crate::text::Words;

/// Draws a strip: what the box takes it for, and the end of what was typed, as that is what is being typed.
pub fn draw(sheet: &mut Sheet<'_>, place: Place, words: &Words, typed: &Typed) {
    sheet.fill(place, TYPED.ground);
    let gap = sheet.share(22);
    let mut rest = place.inset_by(gap, 1);
    let (label, _) = sheet.set(words.meant[typed.meant as usize], Place { width: rest.width / 4, ..rest }, Size::Body);
    let right = rest.cut_right(label.width());
    rest.cut_right(gap);
    sheet.write(&label, right, TYPED, Align::Right);

    let faces = || Size::Headline.faces(sheet.whole().height).filter(|face| face.line <= rest.height);
    let signs = i32::try_from(typed.text.chars().count()).unwrap_or(i32::MAX).saturating_add(1);
    // All of it in smaller letters is better than the end of it in large ones.
    let whole = faces().find(|face| face.advance.saturating_mul(signs) <= rest.width);
    let Some(face) = whole.or_else(|| faces().last()) else { return };
    let columns = usize::try_from(rest.width / face.advance).unwrap_or(0).saturating_sub(1);
    let all = typed.text.chars().count();
    let end: String = typed.text.chars().skip(all.saturating_sub(columns)).chain(['_']).collect();
    sheet.foreign(&end, rest, Size::Headline, TYPED, Align::Left);
}
