//! What is to be published: by topic, the latest only. Bounded by the number of boxes, whatever the line
//! does, and of their commands.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

/// Letters that wait for the line.
#[derive(Debug, Default)]
pub(super) struct Post {
    /// By topic, and by number where several may wait.
    waiting: Mutex<BTreeMap<(String, u64), Letter>>,
    called: Notify,
}

/// One letter.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) payload: Vec<u8>,
    /// Whether the broker keeps it for who comes later.
    pub(super) retain: bool,
}

impl Post {
    /// Puts a letter; an older one to the same topic is forgotten, as the newer receipt covers it.
    pub(super) fn put(&self, topic: String, payload: Vec<u8>) {
        self.hand_in((topic, 0), Letter { payload, retain: true });
    }

    /// Puts a letter for those who listen now.
    pub(super) fn call(&self, topic: String, payload: Vec<u8>) {
        self.hand_in((topic, 0), Letter { payload, retain: false });
    }

    /// Puts a letter for those who listen now that takes no other's place: one of several to a topic.
    pub(super) fn call_apart(&self, topic: String, number: u64, payload: Vec<u8>) {
        self.hand_in((topic, number), Letter { payload, retain: false });
    }

    fn hand_in(&self, place: (String, u64), letter: Letter) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(place, letter);
        self.called.notify_one();
    }

    /// Waits for the next letter.
    pub(super) async fn next(&self) -> (String, Letter) {
        loop {
            let next = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_first();
            if let Some(((topic, _), letter)) = next {
                return (topic, letter);
            }
            self.called.notified().await;
        }
    }
}
