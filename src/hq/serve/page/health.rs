//! How a box is, as far as it is not its camera, its clock or its knowledge: the line, the journal and its room, the
//! device itself, its certificate and its orders from HQ. In words with their figures; what needs somebody stands out
//! by a sign and a word, not by colour alone.

use jiff::tz::Offset;

use super::{BoxShown, Language, Page, freshness};
use crate::span;

/// Seconds without a heartbeat after which a box that calls itself online is silent; ten times what is usual.
const SILENT: i64 = 300;

/// Hours of room below which somebody should see to the line, and below which today.
const ROOM: (u32, u32) = (168, 24);

/// Millidegrees above which a processor slows itself down, or soon will: boards for the roadside stand 85 °C.
const HOT: i32 = 80_000;

/// Free files below which a file system is nearly full, whatever its bytes.
const FEW_FILES: u64 = 1024;

/// Days a certificate still counts below which a renewal should have come, and below which somebody must act.
const CERTIFICATE: (i64, i64) = (60, 14);

/// Whether it is on the line, and since when; and its last heartbeat.
pub(super) fn line(page: &mut Page, language: Language, one: &BoxShown, zone: Offset) {
    let was_told = one.offline_reason.is_some();
    let (class, word) = match one.online {
        Some(true) => ("admit", language.of("● на связи", "● online")),
        Some(false) if was_told => ("check", language.of("○ остановлен", "○ stopped")),
        Some(false) => ("refuse", language.of("○ нет связи", "○ offline")),
        None => ("", language.of("– не выходил", "– never yet")),
    };
    page.span(class, word);
    page.raw("<br><small>");
    if let (Some(_), Some(since)) = (one.online, one.since) {
        page.text(&format!("{} {}", language.of("с", "since"), span::shown(since, zone)));
    }
    if let Some(age) = one.heartbeat_age_s {
        let said = format!("{} {}", language.of("сигнал", "heartbeat"), ago(language, age));
        page.raw("<br>");
        // Of a box that is offline nobody expects one.
        if one.online == Some(true) && age > SILENT {
            page.warning("check", &said);
        } else {
            page.text(&said);
        }
    }
    page.raw("</small>");
}

/// What waits on the box, what is here, and what could not be sent.
pub(super) fn journal(page: &mut Page, language: Language, one: &BoxShown) {
    match one.queue {
        Some(queue) => page.text(&format!("{} {queue}", language.of("ждут", "waiting"))),
        None => page.raw("–"),
    };
    page.raw("<br><small>").text(&format!("{} {}", language.of("у нас", "here"), one.rows)).raw("</small>");
    if let Some(aside) = one.set_aside.filter(|aside| *aside > 0) {
        page.raw("<br>").warning("check", &format!("{} {aside}", language.of("отложено", "set aside")));
    }
}

/// How long the journal has room, and how much.
pub(super) fn room(page: &mut Page, language: Language, one: &BoxShown) {
    // The box knows its own stage; one that does not tell is judged by its hours.
    let class = match (one.journal_stage.as_deref(), one.disk_hours) {
        (Some("tell" | "full"), _) => "refuse",
        (Some("warn" | "lean"), _) => "check",
        (Some(_), _) => "admit",
        (None, Some(hours)) if hours < ROOM.1 => "refuse",
        (None, Some(hours)) if hours < ROOM.0 => "check",
        (None, _) => "",
    };
    let said = match (one.journal_stage.as_deref(), one.disk_hours) {
        (Some("full"), _) => language.of("журнал полон", "journal full").to_owned(),
        (_, Some(hours)) => {
            format!("{} {}", language.of("на", "for"), freshness::span(language, u64::from(hours) * 3600))
        }
        // Without traffic there is no telling how long.
        (Some(_), None) => language.of("места хватает", "enough").to_owned(),
        (None, None) => "–".to_owned(),
    };
    if matches!(class, "check" | "refuse") {
        page.warning(class, &said);
    } else {
        page.span(class, &said);
    }
    page.raw("<br><small>");
    if let (Some(used), Some(budget)) = (one.journal_used, one.journal_budget) {
        let of = language.of("из", "of");
        page.text(&format!("{} {of} {}", bytes(language, used), bytes(language, budget))).raw("<br>");
    }
    if let Some(free) = one.disk_free {
        page.text(&format!("{} {}", language.of("диск: свободно", "disk: free"), bytes(language, free)));
    }
    if let Some(few) = one.inodes_free.filter(|free| *free < FEW_FILES) {
        page.raw("<br>").warning("check", &format!("{} {few}", language.of("файлов ещё", "files left")));
    }
    if let Some(dropped) = one.dropped.filter(|dropped| *dropped > 0) {
        let word = language.of("не записано второстепенного", "optional things not written");
        page.raw("<br>").text(&format!("{word}: {dropped}"));
    }
    page.raw("</small>");
}

/// How warm it is, for how long it has run, and what runs on it.
pub(super) fn device(page: &mut Page, language: Language, one: &BoxShown) {
    match one.temperature {
        Some(millidegrees) => {
            let said = degrees(language, millidegrees);
            if millidegrees > HOT {
                page.warning("refuse", &format!("{said} {}", language.of("перегрев", "too hot")));
            } else {
                page.text(&said);
            }
        }
        None => {
            page.raw("–");
        }
    }
    page.raw("<br><small>");
    if let Some(uptime) = one.uptime_s {
        page.text(&format!("{} {}", language.of("работает", "up"), freshness::span(language, uptime))).raw("<br>");
    }
    if let Some(version) = &one.version {
        page.text(&format!("{} {version}", language.of("версия", "version")));
    }
    page.raw("</small>");
}

/// How long its certificate still counts.
pub(super) fn certificate(page: &mut Page, language: Language, one: &BoxShown, zone: Offset) {
    let (Some(until), Some(days)) = (one.certificate_until, one.certificate_days) else {
        page.raw("–");
        return;
    };
    let left = format!("{} {days} {}", language.of("ещё", "for"), language.of("дн", "d"));
    match days {
        ..0 => page.warning("refuse", language.of("истёк", "ended")),
        days if days < CERTIFICATE.1 => page.warning("refuse", &left),
        days if days < CERTIFICATE.0 => page.warning("check", &left),
        _ => page.text(&left),
    };
    page.raw("<br><small>")
        .text(&format!("{} {}", language.of("до", "until"), span::shown(until, zone)))
        .raw("</small>");
}

/// The last command it has carried out or refused.
pub(super) fn command(page: &mut Page, language: Language, one: &BoxShown) {
    match one.last_command {
        Some(number) => page.text(&format!("{} {number}", language.of("№", "no."))),
        None => page.raw("–"),
    };
}

fn ago(language: Language, seconds: i64) -> String {
    let seconds = seconds.max(0).unsigned_abs();
    let span = if seconds < 120 {
        format!("{seconds} {}", language.of("с", "s"))
    } else {
        freshness::span(language, seconds)
    };
    format!("{span} {}", language.of("назад", "ago"))
}

/// Bytes in the unit that says enough, of 1024 each.
fn bytes(language: Language, bytes: u64) -> String {
    let (unit, size) = match bytes >> 20 {
        1024.. => (language.of("ГБ", "GB"), 1 << 30),
        _ => (language.of("МБ", "MB"), 1 << 20),
    };
    let tenths = bytes / (size / 10);
    match tenths {
        1000.. => format!("{} {unit}", tenths / 10),
        _ => format!("{}{}{} {unit}", tenths / 10, language.of(",", "."), tenths % 10),
    }
}

fn degrees(language: Language, millidegrees: i32) -> String {
    let tenths = millidegrees / 100;
    let sign = if tenths < 0 { "−" } else { "" };
    let tenths = tenths.unsigned_abs();
    format!("{sign}{}{}{} °C", tenths / 10, language.of(",", "."), tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::super::camera::tests::a_box;
    use super::*;

    fn shown(change: impl FnOnce(&mut BoxShown), draw: impl FnOnce(&mut Page, &BoxShown)) -> String {
        let mut one = a_box();
        change(&mut one);
        let mut page = Page(String::new());
        draw(&mut page, &one);
        page.0
    }

    #[test]
    fn who_is_silent_who_was_stopped_and_who_is_gone_are_three_things() {
        let said = |online, reason: Option<&str>, age| {
            shown(
                |one| {
                    (one.online, one.since, one.heartbeat_age_s) = (Some(online), Some(5), Some(age));
                    one.offline_reason = reason.map(str::to_owned);
                },
                |page, one| line(page, Language::En, one, Offset::UTC),
            )
        };
        let well = said(true, None, 20);
        assert!(
            well.contains("● online") && well.contains("since 1970-01-01 00:00") && well.contains("heartbeat 20 s ago"),
            "{well}"
        );
        assert!(!well.contains("strong"), "{well}");
        assert!(said(true, None, 900).contains("<strong class=\"check\">⚠ heartbeat 15 min ago</strong>"));
        let gone = said(false, None, 7200);
        assert!(gone.contains("○ offline") && gone.contains("heartbeat 2 h ago") && !gone.contains("strong"), "{gone}");
        assert!(said(false, Some("stopped"), 9).contains("○ stopped"));
    }

    #[test]
    fn the_room_stands_in_hours_and_bytes_and_is_judged_by_the_box_where_it_tells() {
        let said = |stage: Option<&str>, hours| {
            shown(
                |one| {
                    (one.journal_stage, one.disk_hours) = (stage.map(str::to_owned), hours);
                    (one.journal_used, one.journal_budget, one.disk_free) =
                        (Some(3 << 29), Some(4 << 30), Some(900 << 20));
                },
                |page, one| room(page, Language::En, one),
            )
        };
        let ample = said(Some("ample"), Some(700));
        assert!(
            ample.contains("for 29 d") && ample.contains("1.5 GB of 4.0 GB") && ample.contains("free 900 MB"),
            "{ample}"
        );
        assert!(!ample.contains("strong"));
        assert!(said(Some("lean"), Some(60)).contains("<strong class=\"check\">⚠ for 2 d"));
        assert!(said(Some("full"), None).contains("<strong class=\"refuse\">⚠ journal full"));
        assert!(
            said(None, Some(10)).contains("<strong class=\"refuse\">⚠ for 10 h"),
            "an old box tells its hours only"
        );
        assert!(said(Some("ample"), None).contains("enough") && said(None, None).contains("–"));
        let files = shown(|one| one.inodes_free = Some(12), |page, one| room(page, Language::Ru, one));
        assert!(files.contains("⚠ файлов ещё 12"), "{files}");
    }

    #[test]
    fn a_hot_box_stands_out_and_a_cold_one_has_its_sign() {
        let said = |millidegrees| {
            let draw = |page: &mut Page, one: &BoxShown| device(page, Language::Ru, one);
            shown(|one| one.temperature = Some(millidegrees), draw)
        };
        assert!(said(47_560).starts_with("47,5 °C<br>") && said(80_000).starts_with("80,0 °C<br>"));
        assert!(said(80_100).contains("<strong class=\"refuse\">⚠ 80,1 °C перегрев</strong>"));
        assert!(said(-5300).starts_with("−5,3 °C"));
    }

    #[test]
    fn a_certificate_that_should_have_been_renewed_stands_out() {
        let said = |days| {
            shown(
                |one| (one.certificate_until, one.certificate_days) = (Some(7), Some(days)),
                |page, one| certificate(page, Language::En, one, Offset::UTC),
            )
        };
        assert!(said(200).starts_with("for 200 d<br><small>until 1970-01-01 00:00"));
        assert!(said(59).contains("<strong class=\"check\">⚠ for 59 d") && said(13).contains("refuse\">⚠ for 13 d"));
        assert!(said(-1).contains("⚠ ended"));
    }

    #[test]
    fn what_was_set_aside_and_the_last_command_are_told() {
        let said = shown(
            |one| (one.queue, one.set_aside, one.last_command) = (Some(5), Some(2), Some(7)),
            |page, one| {
                journal(page, Language::En, one);
                command(page, Language::En, one);
            },
        );
        assert!(said.contains("waiting 5") && said.contains("⚠ set aside 2") && said.contains("no. 7"), "{said}");
    }
}
