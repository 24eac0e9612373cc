//! One page of crossings, drawn at HQ: no script, readable on paper and on a bad line.

use std::fmt::Write as _;

use jiff::tz::Offset;
use serde::Deserialize;

use super::shown::{AlertShown, BoxShown, CountsShown, CrossingShown, Shown};
use crate::open::Filter;
use crate::{Error, span};

mod camera;
mod freshness;
mod health;

const STYLE: &str = include_str!("page.css");

/// Language of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Russian.
    Ru,
    /// English.
    En,
}

impl Language {
    /// What a browser asks for (RFC 9110 §12.5.4), as far as it is one of ours; its first wish counts.
    pub fn accepted(wishes: &str) -> Self {
        let first = wishes.split([',', ';', '-']).next().unwrap_or_default().trim();
        if first.is_empty() || first.eq_ignore_ascii_case("ru") { Self::Ru } else { Self::En }
    }

    const fn of(self, ru: &'static str, en: &'static str) -> &'static str {
        match self {
            Self::Ru => ru,
            Self::En => en,
        }
    }
}

/// The page, with the newest crossings first.
pub fn render(shown: &Shown, most: u32, language: Language) -> Result<String, Error> {
    let all = Filter::default();
    let (boxes, counts, crossings) = (shown.boxes()?, shown.counts(&all)?, shown.crossings(&all, most)?);
    // What people edit may be wrong just now; the page stands all the same.
    let rules = shown.region().rules().ok();
    let kind = |number: u16| {
        let rule = rules.as_ref().and_then(|rules| rules.policy.rule(pass::Kind(number)));
        let name = |rule: &verdict::KindRule| if language == Language::Ru { rule.ru.clone() } else { rule.en.clone() };
        rule.map_or_else(|| number.to_string(), name)
    };
    let settings = shown.region().settings();
    let zone = settings.zone;
    let mut page = Page(String::with_capacity(64 * 1024));
    page.raw("<!doctype html><html lang=\"").raw(language.of("ru", "en"));
    page.raw("\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">");
    page.raw("<meta http-equiv=\"refresh\" content=\"5\"><title>");
    page.text(&settings.name).raw("</title><style>").raw(STYLE).raw("</style><h1>").text(&settings.name);
    page.raw(" <small>").text(settings.region.as_str()).raw("</small></h1><p class=\"language\">");
    page.raw(
        language.of("<a href=\"?lang=en\" lang=\"en\">English</a>", "<a href=\"?lang=ru\" lang=\"ru\">Русский</a>"),
    );
    page.raw("</p>");
    let release = shown.region().last_release()?;
    page.raw("<p>");
    match release {
        Some((sequence, issued)) => {
            let (release, of) = (language.of("Выпуск", "Release"), language.of("от", "of"));
            page.text(&format!("{release} {sequence} {of} {}", span::shown(issued, zone)))
        }
        None => page.text(language.of("Выпусков ещё не было", "No release yet")),
    };
    page.raw("</p>");
    draw_boxes(&mut page, language, &boxes, zone);
    draw_alerts(&mut page, language, &shown.alerts(MOST_ALERTS)?, |at| span::shown(at, zone));
    draw_counts(&mut page, language, &counts);
    draw_crossings(&mut page, language, &crossings, |at| span::shown(at, zone), kind);
    Ok(page.0)
}

fn draw_heads(page: &mut Page, language: Language, heads: &[(&'static str, &'static str)]) {
    page.raw("<div class=\"wide\"><table><tr>");
    for (ru, en) in heads {
        page.raw("<th>").text(language.of(ru, en));
    }
}

/// Writes what stands in one cell of a box's row.
type Cell = fn(&mut Page, Language, &BoxShown, Offset);

/// Columns of the boxes, in Russian and English.
const BOXES: &[(&str, &str, Cell)] = &[
    ("Пост", "Box", draw_name),
    ("Связь", "Line", health::line),
    ("Строки журнала", "Journal rows", |page, language, one, _| health::journal(page, language, one)),
    ("Место", "Room", |page, language, one, _| health::room(page, language, one)),
    ("Прибор", "Device", |page, language, one, _| health::device(page, language, one)),
    ("Камера", "Camera", |page, language, one, _| camera::draw(page, language, one)),
    ("Часы", "Clock", |page, language, one, _| freshness::clock(page, language, one)),
    ("Выпуск", "Release", |page, _, one, _| {
        page.number(one.release);
    }),
    ("Давность данных", "Age of what it knows", |page, language, one, _| {
        freshness::knowledge(page, language, one)
    }),
    ("Сертификат", "Certificate", health::certificate),
    ("Последняя команда", "Last command", |page, language, one, _| {
        health::command(page, language, one)
    }),
];

/// Columns of the crossings.
const CROSSINGS: &[(&str, &str)] = &[
    ("Время", "Time"),
    ("Пост", "Box"),
    ("Решение", "Verdict"),
    ("Причины", "Reasons"),
    ("Вид", "Kind"),
    ("Кем выдан", "Issuer"),
    ("Номер", "Plate"),
    ("Действие", "Action"),
];

fn draw_boxes(page: &mut Page, language: Language, boxes: &[BoxShown], zone: Offset) {
    page.raw("<h2>").raw(language.of("Посты", "Boxes")).raw("</h2><table class=\"boxes\"><tr>");
    for (ru, en, _) in BOXES {
        page.raw("<th>").text(language.of(ru, en));
    }
    for one in boxes {
        page.raw("<tr>");
        for (ru, en, draw) in BOXES {
            // On a narrow screen a row is a card, and each cell says what it is; its content is one piece beside that.
            page.raw("<td data-head=\"").text(language.of(ru, en)).raw("\"><div>");
            draw(page, language, one, zone);
            page.raw("</div>");
        }
    }
    page.raw("</table>");
}

/// What it is called, and what is wrong with its standing at HQ.
fn draw_name(page: &mut Page, language: Language, one: &BoxShown, zone: Offset) {
    page.raw("<b>").text(&one.name).raw("</b>");
    if one.in_conflict {
        page.raw("<br>").warning("refuse", language.of("две копии журнала", "journal forked"));
    }
    if let Some(since) = one.stolen_since {
        page.raw("<br>").warning("refuse", language.of("украден", "stolen"));
        page.raw(" ").text(&span::shown(since, zone));
    }
    if !one.key_known && !one.enrolled && one.online.is_none() {
        page.raw("<br>").raw(language.of("ещё не введён в строй", "not enrolled yet"));
    } else if !one.key_known {
        page.raw("<br>").warning("check", language.of("ключ неизвестен", "key unknown"));
    }
}

/// Columns of the alerts.
const ALERTS: &[(&str, &str)] = &[
    ("Поступило", "Received"),
    ("Время", "Time"),
    ("Пост", "Box"),
    ("Решение", "Verdict"),
    ("Причины", "Reasons"),
    ("Номер", "Plate"),
];

/// Most alerts on the page.
const MOST_ALERTS: u32 = 50;

/// What boxes have shown before its turn; nothing at all when there is none.
fn draw_alerts(page: &mut Page, language: Language, alerts: &[AlertShown], at: impl Fn(i64) -> String) {
    if alerts.is_empty() {
        return;
    }
    page.raw("<h2 class=\"refuse\">")
        .raw(language.of("Тревоги: получены сразу, в журнале их ещё нет", "Alerts: live, not yet in the ledger"))
        .raw("</h2>");
    draw_heads(page, language, ALERTS);
    for AlertShown { received_at, crossing } in alerts {
        page.raw("<tr><td>").text(&at(*received_at)).raw("<td>").text(&at(crossing.at_ms.div_euclid(1000)));
        page.raw("<td>").text(&crossing.name).raw("<td class=\"").text(crossing.outcome).raw("\">");
        page.text(word(language, crossing.outcome)).raw("<td>").text(&crossing.reasons.join(", "));
        let plate = crossing.plate_seen.as_deref().or(crossing.plate_bound.as_deref());
        page.raw("<td>").text(plate.unwrap_or_default());
    }
    page.raw("</table>");
}

fn draw_counts(page: &mut Page, language: Language, counts: &CountsShown) {
    page.raw("<h2>")
        .raw(language.of("Проезды", "Crossings"))
        .raw("</h2><p>")
        .text(&counts.crossings.to_string())
        .raw(": ");
    for (outcome, number) in &counts.by_outcome {
        page.raw("<span class=\"")
            .text(outcome)
            .raw("\">")
            .text(&format!("{} {number}", word(language, outcome)))
            .raw("</span> ");
    }
    page.raw("</p><p><small>");
    for (reason, number) in &counts.by_reason {
        page.text(&format!("{reason} {number} · "));
    }
    page.raw("</small></p>");
}

fn draw_crossings(
    page: &mut Page,
    language: Language,
    crossings: &[CrossingShown],
    at: impl Fn(i64) -> String,
    kind: impl Fn(u16) -> String,
) {
    draw_heads(page, language, CROSSINGS);
    for one in crossings {
        page.raw("<tr><td>").text(&at(one.at_ms.div_euclid(1000)));
        if !one.clock_is_sound {
            let doubt = language.of("часы поста под сомнением", "the box's clock is in doubt");
            page.raw(" <abbr title=\"").text(doubt).raw("\">?</abbr>");
        }
        page.raw("<td>").text(&one.name);
        if one.suspect {
            let doubt = language.of("пришло после кражи поста", "came after the box was stolen");
            page.raw(" <strong class=\"refuse\" title=\"").text(doubt).raw("\">").raw("⚠ ");
            page.raw(language.of("под сомнением", "suspect")).raw("</strong>");
        }
        page.raw("<td class=\"").text(one.outcome).raw("\">").text(word(language, one.outcome));
        page.raw("<td>").text(&one.reasons.join(", "));
        page.raw("<td>").text(&one.kind.map(&kind).unwrap_or_default());
        page.raw("<td>").text(one.issuer.as_deref().unwrap_or_default());
        page.raw("<td>").text(one.plate_seen.as_deref().or(one.plate_bound.as_deref()).unwrap_or_default());
        page.raw("<td>").text(one.action.map(|action| ending(language, action)).unwrap_or_default());
        // Who let a vehicle pass by an exemption or against the box, and why: that is looked at first.
        for detail in [&one.why, &one.shift].into_iter().flatten() {
            page.raw(" <small>").text(detail).raw("</small>");
        }
    }
    page.raw("</table></div>");
}

/// An outcome with its shape: colour is never the only sign.
fn word(language: Language, outcome: &str) -> &'static str {
    match outcome {
        "admit" => language.of("✓ пропустить", "✓ admit"),
        "check" => language.of("⌕ проверить", "⌕ check"),
        "refuse" => language.of("✕ отказать", "✕ refuse"),
        _ => "?",
    }
}

/// How a crossing ended.
fn ending(language: Language, action: &'static str) -> &'static str {
    match action {
        "passed" => language.of("пропущен", "passed"),
        "turned-back" => language.of("развёрнут", "turned back"),
        "next-pass" => language.of("показан другой пропуск", "another pass came"),
        "overridden" => language.of("пропущен вопреки отказу", "let pass despite the refusal"),
        "exempted" => language.of("пропущен по исключению", "let pass by exemption"),
        "absence" => language.of("без решения", "left undecided"),
        other => other,
    }
}

/// HTML being written. Everything that came from outside goes through [`Self::text`].
struct Page(String);

impl Page {
    fn raw(&mut self, html: &str) -> &mut Self {
        self.0.push_str(html);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c => self.0.push(c),
            }
        }
        self
    }

    /// Text in a colour of its own.
    fn span(&mut self, class: &str, text: &str) -> &mut Self {
        self.raw("<span class=\"").raw(class).raw("\">").text(text).raw("</span>")
    }

    /// What needs somebody: by a sign, not by colour alone.
    fn warning(&mut self, class: &str, text: &str) -> &mut Self {
        self.raw("<strong class=\"").raw(class).raw("\">⚠ ").text(text).raw("</strong>")
    }

    fn number(&mut self, number: Option<u64>) -> &mut Self {
        match number {
            Some(number) => write!(self.0, "{number}").expect("writing to memory cannot fail"),
            None => self.0.push('–'),
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_wish_of_a_browser_counts() {
        for (wishes, language) in
            [("ru-RU,ru;q=0.9,en;q=0.8", Language::Ru), ("en-US,ru;q=0.5", Language::En), ("", Language::Ru)]
        {
            assert_eq!(Language::accepted(wishes), language, "{wishes}");
        }
    }

    #[test]
    fn nothing_from_outside_becomes_html() {
        let mut page = Page(String::new());
        page.text("<script>alert('&\"')</script>");
        assert_eq!(page.0, "&lt;script&gt;alert(&#39;&amp;&quot;&#39;)&lt;/script&gt;");
    }
}
