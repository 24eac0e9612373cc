//! The bar: how the box itself is. Small, because nobody has to read it to decide about a car.

use verdict::Grade;

use crate::colour::{BAR, BAR_DOUBT, CHECK, Pair, REFUSE};
use crate::font::Size;
use crate::icon;
use crate::place::Place;
use crate::sheet::{Align, Set, Sheet};
use crate::text::{self, Words};
use crate::view::{Bar, Room};

/// Draws it.
pub fn draw(sheet: &mut Sheet<'_>, place: Place, words: &Words, bar: &Bar) {
    sheet.fill(place, BAR.ground);
    let gap = sheet.share(22).max(8);
    let mut rest = place.inset_by(gap, 1);

    // A clock in doubt carries its mark where the time is read, and not only its colour.
    let doubt = bar.time.is_none() || !bar.clock_is_sound;
    let time = bar.time.as_deref().unwrap_or(words.no_time);
    let time = if doubt { format!("{time} ?") } else { time.to_owned() };
    put(sheet, &mut rest, &time, if doubt { BAR_DOUBT } else { BAR }, gap);

    // What is being lost comes before what will be.
    match bar.room {
        _ if bar.journal_fails => chip(sheet, &mut rest, words.journal_fails, REFUSE, gap),
        Some(room) => chip(sheet, &mut rest, &short_room(words, room), CHECK, gap),
        None => {}
    }

    let is_fresh = bar.release.is_some() && bar.knowledge == Grade::Fresh;
    let pair = if is_fresh { BAR } else { BAR_DOUBT };
    let list = list(words, bar);
    let half = Place { width: rest.width * 60 / 100, ..rest };
    if let Some(set) = first_that_fits(sheet, half, &list) {
        let right = rest.cut_right(set.width());
        rest.cut_right(gap);
        sheet.write(&set, right, pair, Align::Right);
    }

    if let Some(online) = bar.online {
        let pair = if online { BAR } else { BAR_DOUBT };
        let side = place.height * 55 / 100;
        let sign = rest.cut_left(side).middle(side, side);
        icon::link(sheet, sign, pair.letters, online);
        rest.cut_left(gap / 2);
        let word = if online { words.online } else { words.offline };
        let queue = number(bar.queue);
        // Where there is no room for the word, the sign says it.
        let texts = match bar.queue {
            0 => vec![word.to_owned()],
            _ => vec![format!("{word}, {} {queue}", words.queue), format!("{word}: {queue}"), queue],
        };
        if let Some(set) = first_that_fits(sheet, rest, &texts) {
            sheet.write(&set, rest, pair, Align::Left);
        }
    }
}

/// A word that must not be overlooked.
fn chip(sheet: &mut Sheet<'_>, rest: &mut Place, text: &str, pair: Pair, gap: i32) {
    let (set, _) = sheet.set(text, *rest, Size::Small);
    let chip = rest.cut_left(set.width() + gap);
    rest.cut_left(gap);
    sheet.fill(chip, pair.ground);
    sheet.write(&set, chip, pair, Align::Middle);
}

/// The journal's room in the fewest words; the idle screen says it in full.
fn short_room(words: &Words, room: Room) -> String {
    match room {
        Room::Hours(hours) => format!("{} {} {}", words.journal, hours.min(999), words.hours),
        Room::Little => format!("{} !", words.journal),
    }
}

/// The release and its age, the longest first. What is not fresh carries a mark and not only its colour; a part that
/// is older than its release is named.
fn list(words: &Words, bar: &Bar) -> Vec<String> {
    let Some(number) = bar.release else { return vec![words.no_release.to_owned()] };
    let whole = age(words, bar.release_age_minutes);
    let mark = if bar.knowledge == Grade::Fresh { "" } else { " !" };
    match bar.worst {
        Some((part, minutes)) => {
            let (part, age) = (text::knowledge(words, part), age(words, minutes));
            vec![format!("{} {number}: {part} {age}{mark}", words.release), format!("{part} {age}{mark}"), age + mark]
        }
        None => {
            vec![format!("{} {number}, {whole}{mark}", words.release), format!("{number}, {whole}{mark}"), whole + mark]
        }
    }
}

fn first_that_fits(sheet: &Sheet<'_>, place: Place, texts: &[String]) -> Option<Set> {
    let sets = texts.iter().map(|text| sheet.set(text, place, Size::Small));
    sets.into_iter().find(|(set, whole)| *whole && set.lines.len() == 1).map(|(set, _)| set)
}

fn put(sheet: &mut Sheet<'_>, rest: &mut Place, text: &str, pair: Pair, gap: i32) {
    let (set, _) = sheet.set(text, *rest, Size::Small);
    let place = rest.cut_left(set.width());
    rest.cut_left(gap);
    sheet.write(&set, place, pair, Align::Left);
}

/// A number that keeps to its room: from ten thousand on, how many does not change what is to be done.
fn number(n: u64) -> String {
    if n < 10_000 { n.to_string() } else { ">9999".to_owned() }
}

/// The age of a list in hours: how long ago somebody may have been added to it.
pub fn hours(words: &Words, minutes: u64) -> String {
    match minutes {
        0..120 => format!("{minutes} {}", words.minutes),
        _ => format!("{} {}", (minutes / 60).min(9999), words.hours),
    }
}

fn age(words: &Words, minutes: u64) -> String {
    match minutes {
        0..120 => format!("{minutes} {}", words.minutes),
        120..2880 => format!("{} {}", minutes / 60, words.hours),
        _ => format!("{} {}", (minutes / 1440).min(9999), words.days),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::words;
    use crate::view::Language;

    #[test]
    fn what_is_not_fresh_is_marked_and_an_old_part_is_named() {
        let mut bar = crate::sample::view(Language::En, crate::view::Screen::Idle).bar;
        assert_eq!(list(words(Language::En), &bar)[0], "List 812, 95 min");
        (bar.knowledge, bar.release_age_minutes) = (Grade::Stale, 60 * 31);
        assert_eq!(list(words(Language::En), &bar)[0], "List 812, 31 h !");
        bar.worst = Some((verdict::Knowledge::Ids, 60 * 50));
        assert_eq!(list(words(Language::Ru), &bar)[..2], ["Список 812: стоп-лист 2 дн !", "стоп-лист 2 дн !"]);
    }

    #[test]
    fn ages_are_told_in_the_unit_that_says_enough() {
        let told = |minutes| age(words(Language::En), minutes);
        assert_eq!([told(5), told(119), told(125), told(2879), told(2880)], ["5 min", "119 min", "2 h", "47 h", "2 d"]);
        let told = |minutes| hours(words(Language::Ru), minutes);
        assert_eq!([told(119), told(60 * 31 + 59), told(60 * 100)], ["119 мин", "31 ч", "100 ч"]);
    }
}
