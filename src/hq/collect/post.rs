//! What is to be published: by topic, the latest only. Bounded by the number of boxes, whatever the line does.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

/// Letters that wait for the line.
#[derive(Debug, Default)]
pub(super) struct Post {
    waiting: Mutex<BTreeMap<String, Letter>>,
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
        self.hand_in(topic, Letter { payload, retain: true });
    }

    /// Puts a letter for those who listen now.
    pub(super) fn call(&self, topic: String, payload: Vec<u8>) {
        self.hand_in(topic, Letter { payload, retain: false });
    }

    fn hand_in(&self, topic: String, letter: Letter) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(topic, letter);
        self.called.notify_one();
    }

    /// Waits for the next letter.
    pub(super) async fn next(&self) -> (String, Letter) {
        loop {
            let next = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_first();
            if let Some(letter) = next {
                return letter;
            }
            self.called.notified().await;
        }
    }
}
