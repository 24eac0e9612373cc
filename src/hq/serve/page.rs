//! One page of crossings, drawn at HQ: no script, readable on paper and on a bad line.

use std::fmt::Write as _;

use super::shown::{BoxShown, CountsShown, CrossingShown, Shown};
use crate::open::Filter;
use crate::{Error, span};

const STYLE: &str = include_str!("page.css");

/// The page, with the newest crossings first.
pub fn render(shown: &Shown, most: u32) -> Result<String, Error> {
    let all = Filter::default();
    let (boxes, counts, crossings) = (shown.boxes()?, shown.counts(&all)?, shown.crossings(&all, most)?);
    // What people edit may be wrong just now; the page stands all the same.
    let rules = shown.region().rules().ok();
    let kind = |number: u16| rules.as_ref().map_or_else(|| number.to_string(), |rules| rules.code(number));
    let settings = shown.region().settings();
    let zone = settings.zone;
    let mut page = Page(String::with_capacity(64 * 1024));
    page.raw("<!doctype html><html lang=\"ru\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">");
    page.raw("<meta http-equiv=\"refresh\" content=\"5\"><title>");
    page.text(&settings.name).raw("</title><style>").raw(STYLE).raw("</style><h1>").text(&settings.name);
    page.raw(" <small>").text(settings.region.as_str()).raw("</small></h1>");
    let release = shown.region().last_release()?;
    page.raw("<p>");
    match release {
        Some((sequence, issued)) => {
            page.text(&format!("Выпуск {sequence} от {} · release {sequence}", span::shown(issued, zone)))
        }
        None => page.text("Выпусков ещё не было · no release yet"),
    };
    page.raw("</p>");
    draw_boxes(&mut page, &boxes, |at| span::shown(at, zone));
    draw_counts(&mut page, &counts);
    draw_crossings(&mut page, &crossings, |at| span::shown(at, zone), kind);
    Ok(page.0)
}

fn draw_boxes(page: &mut Page, boxes: &[BoxShown], at: impl Fn(i64) -> String) {
    page.raw("<h2>Посты · boxes</h2><table><tr>");
    for head in ["Пост", "На связи", "Выпуск", "В очереди", "Строк у нас", "Последнее слово", ""]
    {
        page.raw("<th>").text(head);
    }
    for one in boxes {
        page.raw("<tr><td>").text(&one.name);
        page.raw(match one.online {
            Some(true) => "<td class=\"admit\">● да",
            Some(false) => "<td class=\"refuse\">○ нет",
            None => "<td>– не выходил",
        });
        page.raw("<td>").number(one.release).raw("<td>").number(one.queue).raw("<td>").number(Some(one.rows));
        page.raw("<td>").text(&one.heard_at.map(&at).unwrap_or_default()).raw("<td>");
        if one.in_conflict {
            page.raw("<strong class=\"refuse\">две копии журнала · forked</strong> ");
        }
        if !one.key_known {
            page.raw("<strong class=\"check\">ключ неизвестен · key unknown</strong>");
        }
    }
    page.raw("</table>");
}

fn draw_counts(page: &mut Page, counts: &CountsShown) {
    page.raw("<h2>Проезды · crossings</h2><p>").text(&counts.crossings.to_string()).raw(": ");
    for (outcome, number) in &counts.by_outcome {
        page.raw("<span class=\"")
            .text(outcome)
            .raw("\">")
            .text(&format!("{} {number}", word(outcome)))
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
    crossings: &[CrossingShown],
    at: impl Fn(i64) -> String,
    kind: impl Fn(u16) -> String,
) {
    page.raw("<table><tr>");
    for head in ["Время", "Пост", "Решение", "Причины", "Вид", "Кем выдан", "Номер", "Действие"]
    {
        page.raw("<th>").text(head);
    }
    for one in crossings {
        page.raw("<tr><td>").text(&at(one.at_ms.div_euclid(1000)));
        if !one.clock_is_sound {
            page.raw(" <abbr title=\"часы поста под сомнением · clock in doubt\">?</abbr>");
        }
        page.raw("<td>").text(&one.name).raw("<td class=\"").text(one.outcome).raw("\">").text(word(one.outcome));
        page.raw("<td>").text(&one.reasons.join(", "));
        page.raw("<td>").text(&one.kind.map(&kind).unwrap_or_default());
        page.raw("<td>").text(one.issuer.as_deref().unwrap_or_default());
        page.raw("<td>").text(one.plate_seen.as_deref().or(one.plate_bound.as_deref()).unwrap_or_default());
        page.raw("<td>").text(one.action.unwrap_or_default());
    }
    page.raw("</table>");
}

/// An outcome with its shape: colour is never the only sign.
fn word(outcome: &str) -> &'static str {
    match outcome {
        "admit" => "✓ пропустить",
        "check" => "⌕ проверить",
        "refuse" => "✕ отказать",
        _ => "?",
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
    fn nothing_from_outside_becomes_html() {
        let mut page = Page(String::new());
        page.text("<script>alert('&\"')</script>");
        assert_eq!(page.0, "&lt;script&gt;alert(&#39;&amp;&quot;&#39;)&lt;/script&gt;");
    }
}
