//! From looks to events: which of the texts in a frame the lane hears of, and which are of an update.

use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::{Duration, Instant};

use board::Frame;
use reader::Look;

use crate::crossing::Event;
use crate::gauges::Gauges;
use crate::phone::is_of_a_run;

/// Tells the lane what a look has found. A lane that is busy hears of it with one of the next frames: a pass
/// stays in view for many. The pictures of an update never reach it: they go to whoever collects them, and what is
/// dropped here comes again too.
pub(crate) fn tell(
    frame: &Frame,
    look: Look,
    events: &SyncSender<Event>,
    updates: &SyncSender<String>,
    gauges: &Gauges,
) {
    let handed = Instant::now().checked_sub(Duration::from_micros(look.micros)).unwrap_or_else(Instant::now);
    let read_us = u32::try_from(look.micros).unwrap_or(u32::MAX);
    let event = match text(&look) {
        Some(text) => Some(Event::Sighted { text: text.to_owned(), read_us, handed }),
        None if !look.codes.is_empty() => None,
        // What is no QR code was not located as one.
        None => (look.located || look.hint.is_some()).then_some(Event::Unread(look.hint)),
    };
    // Never the text: it says whose pass it is.
    tracing::debug!(frame = frame.number, us = look.micros, path = look.path().map(reader::Rung::as_str), "looked");
    for code in look.codes.iter().filter(|code| is_of_a_run(&code.text)) {
        let _ = updates.try_send(code.text.clone());
    }
    gauges.looked(frame.number, look);
    if let Some(event) = event {
        match events.try_send(event) {
            // Without a lane the box ends by itself.
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
        }
    }
}

/// Of several codes the lane takes the one that is a pass; a picture of an update is none.
pub(crate) fn text(look: &Look) -> Option<&str> {
    let mut texts = look.codes.iter().map(|code| code.text.as_str()).filter(|text| !is_of_a_run(text));
    let pass = texts.clone().find(|text| pass::recognise(text).is_ok());
    pass.or_else(|| texts.next())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::sync_channel;

    use reader::Hint;

    use super::*;

    fn told(look: Look) -> Option<Event> {
        told_with(look, &Gauges::default())
    }

    fn told_with(look: Look, gauges: &Gauges) -> Option<Event> {
        let (sender, events) = sync_channel(1);
        let luma = Arc::from([0]);
        let frame = Frame { width: 1, height: 1, luma, number: 0, at: Duration::ZERO, source: None };
        tell(&frame, look, &sender, &sync_channel(1).0, gauges);
        events.try_recv().ok()
    }

    fn code(text: &str) -> reader::Code {
        reader::Code { text: text.to_owned(), corners: [(0.0, 0.0); 4], path: reader::Rung::Plain }
    }

    #[test]
    fn pictures_of_an_update_go_to_whoever_collects_them_and_the_pass_beside_them_to_the_lane() {
        let look = |texts: &[&str]| Look { codes: texts.iter().map(|text| code(text)).collect(), ..Look::default() };
        assert!(told(look(&["MPR1:A"])).is_none());
        for texts in [["MPR1:A", "MP1:B"], ["MP1:B", "MPR1:A"]] {
            let told = told(look(&texts));
            assert!(matches!(told, Some(Event::Sighted { text, .. }) if text == "MP1:B"));
        }
        let (updates, collected) = sync_channel(1);
        let luma = Arc::from([0]);
        let frame = Frame { width: 1, height: 1, luma, number: 0, at: Duration::ZERO, source: None };
        // Nobody waits for who collects.
        for text in ["MPR1:A", "MPR1:B"] {
            tell(&frame, look(&[text, "menu"]), &sync_channel(1).0, &updates, &Gauges::default());
        }
        assert_eq!(collected.try_iter().collect::<Vec<_>>(), ["MPR1:A"]);
    }

    #[test]
    fn what_is_seen_and_not_read_is_told_with_its_cause_and_an_empty_road_is_not() {
        assert!(told(Look::default()).is_none());
        let located = Look { located: true, ..Look::default() };
        assert!(matches!(told(located.clone()), Some(Event::Unread(None))));
        let blurred = Look { hint: Some(Hint::Blurred), ..located };
        assert!(matches!(told(blurred), Some(Event::Unread(Some(Hint::Blurred)))));
        // A code of another kind is not located as one.
        let other = Look { hint: Some(Hint::NotQr), ..Look::default() };
        assert!(matches!(told(other), Some(Event::Unread(Some(Hint::NotQr)))));
    }

    #[test]
    fn what_the_reader_has_lost_of_its_workers_is_counted_with_every_look() {
        let gauges = Gauges::default();
        for deaths in [0, 2, 3] {
            told_with(Look { deaths, unchanged: deaths > 2, ..Look::default() }, &gauges);
            assert_eq!(gauges.reader_deaths(), deaths);
        }
    }
}
