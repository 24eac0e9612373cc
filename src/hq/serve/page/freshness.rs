//! How good a box's clock is, and how old what it knows, in words with their figures.

use wire::health::Freshness;

use super::{BoxShown, Language, Page};

/// Milliseconds by which a clock may differ from HQ's before that is worth a word; the way of the heartbeat is in it.
const OFF: u64 = 60_000;

/// How good its clock is.
pub(super) fn clock(page: &mut Page, language: Language, one: &BoxShown) {
    let (Some(trust), Some(grade)) = (one.clock, one.clock_grade) else {
        page.raw("–");
        return;
    };
    let (class, word) = match grade {
        "good" => ("admit", language.of("● верны", "● good")),
        "coarse" => ("check", language.of("◐ приблизительны", "◐ coarse")),
        _ => ("refuse", language.of("○ неверны", "○ bad")),
    };
    let by = match trust {
        "ntp" => language.of("по сети", "by network"),
        "rtc" => language.of("от батареи", "by battery"),
        "signed" => language.of("подписаны штабом", "signed by HQ"),
        "carried-over" => language.of("по памяти", "carried over"),
        _ => language.of("верить нечему", "nothing to believe"),
    };
    page.raw("<span class=\"").raw(class).raw("\">").raw(word).raw("</span><br><small>").raw(by);
    if let Some(off) = one.clock_off_ms.filter(|off| off.unsigned_abs() >= OFF) {
        let word = if off > 0 {
            language.of("спешат на", "ahead by")
        } else {
            language.of("отстают на", "behind by")
        };
        page.raw(", ").text(&format!("{word} {}", span(language, off.unsigned_abs() / 1000)));
    }
    page.raw("</small>");
}

/// How old what it knows is: the worst by policy; of several the oldest.
pub(super) fn knowledge(page: &mut Page, language: Language, one: &BoxShown) {
    let Some(worst) = one.knowledge.iter().max_by_key(|age| (age.freshness, age.age_s)) else {
        page.raw("–");
        return;
    };
    let (class, sign) = match worst.freshness {
        Freshness::Fresh => ("admit", "●"),
        Freshness::Stale => ("check", "◐"),
        Freshness::Old => ("refuse", "○"),
    };
    let age = span(language, worst.age_s.max(0).unsigned_abs());
    page.raw("<span class=\"").raw(class).raw("\">").raw(sign).raw(" ").text(&age).raw("</span>");
    page.raw("<br><small>").text(part(language, &worst.part)).raw("</small>");
}

/// A part of what a box knows; a newer box may know one that this version does not.
fn part(language: Language, part: &str) -> &str {
    match part {
        "keys" => language.of("ключи", "keys"),
        "status" => language.of("отзывы", "revocations"),
        "policy" => language.of("правила", "rules"),
        "ids" => language.of("стоп-лист", "stop list"),
        "rules" => language.of("запреты", "bans"),
        "register" => language.of("реестр", "register"),
        "orders" => language.of("приказы", "orders"),
        other => other,
    }
}

/// A span of time in the unit that says enough.
pub(super) fn span(language: Language, seconds: u64) -> String {
    match seconds / 60 {
        minutes @ 0..120 => format!("{minutes} {}", language.of("мин", "min")),
        minutes @ 120..2880 => format!("{} {}", minutes / 60, language.of("ч", "h")),
        minutes => format!("{} {}", minutes / 1440, language.of("дн", "d")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::AgeShown;

    fn shown(clock: &'static str, grade: &'static str, off: i64, knowledge: Vec<wire::health::Age>) -> String {
        let mut one = super::super::camera::tests::a_box();
        (one.clock, one.clock_grade, one.clock_off_ms) = (Some(clock), Some(grade), Some(off));
        one.knowledge = knowledge.iter().map(AgeShown::from).collect();
        let mut page = Page(String::new());
        super::clock(&mut page, Language::En, &one);
        super::knowledge(&mut page, Language::En, &one);
        page.0
    }

    fn age(part: u16, seconds: i64, grade: Freshness) -> wire::health::Age {
        wire::health::Age { part, seconds, grade }
    }

    #[test]
    fn a_clock_stands_with_its_source_and_what_it_is_off_by() {
        let good = shown("ntp", "good", 900, Vec::new());
        assert!(good.contains("● good") && good.contains("by network</small>") && good.ends_with("–"), "{good}");
        let coarse = shown("carried-over", "coarse", -5 * 3_600_000, Vec::new());
        assert!(coarse.contains("◐ coarse") && coarse.contains("carried over, behind by 5 h"), "{coarse}");
        assert!(shown("none", "bad", 0, Vec::new()).contains("○ bad"));
    }

    #[test]
    fn the_worst_part_is_named_and_of_several_the_oldest() {
        let ages = vec![
            age(0, 900_000, Freshness::Fresh),
            age(5, 31 * 3600, Freshness::Stale),
            age(3, 30 * 3600, Freshness::Stale),
        ];
        let said = shown("ntp", "good", 0, ages);
        assert!(said.contains("◐ 31 h") && said.contains("register"), "{said}");
        let newer = shown("ntp", "good", 0, vec![age(99, 60, Freshness::Old)]);
        assert!(newer.contains("○ 1 min") && newer.contains("99"), "{newer}");
    }
}
