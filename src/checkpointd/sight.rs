//! From looks to events: which of the texts in a frame the lane hears of.

use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::{Duration, Instant};

use board::Frame;
use reader::Look;

use crate::crossing::Event;
use crate::gauges::Gauges;

/// Tells the lane what a look has found. A lane that is busy hears of it with one of the next frames: a pass
/// stays in view for many.
pub(crate) fn tell(frame: &Frame, look: Look, events: &SyncSender<Event>, gauges: &Gauges) {
    let handed = Instant::now().checked_sub(Duration::from_micros(look.micros)).unwrap_or_else(Instant::now);
    let read_us = u32::try_from(look.micros).unwrap_or(u32::MAX);
    let event = match text(&look) {
        Some(text) => Some(Event::Sighted { text: text.to_owned(), read_us, handed }),
        // What is no QR code was not located as one.
        None => (look.located || look.hint.is_some()).then_some(Event::Unread(look.hint)),
    };
    // Never the text: it says whose pass it is.
    tracing::debug!(frame = frame.number, us = look.micros, path = look.path().map(reader::Rung::as_str), "looked");
    gauges.looked(frame.number, look);
    if let Some(event) = event {
        match events.try_send(event) {
            // Without a lane the box ends by itself.
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
        }
    }
}

/// Of several codes the lane takes the one that is a pass.
pub(crate) fn text(look: &Look) -> Option<&str> {
    let pass = look.codes.iter().find(|code| pass::recognise(&code.text).is_ok());
    pass.or(look.codes.first()).map(|code| code.text.as_str())
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
        tell(&frame, look, &sender, gauges);
        events.try_recv().ok()
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
