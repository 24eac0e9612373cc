//! What Frigate publishes at its broker.

use std::sync::Arc;

use tokio::sync::mpsc;
use uplink::link::subscriber::{Said, Subscription, listen};

use super::Feed;

/// Messages that may wait; a lane that is busy for longer hears of the next ones.
const WAITING: usize = 32;

/// Listens until it is dropped.
pub(super) async fn run(feed: Arc<Feed>) {
    let source = &feed.source;
    let topic = &source.topic;
    let subscription = Subscription {
        broker: source.broker.clone().unwrap_or_default(),
        // Another client of the same name would end this one, and be ended by it.
        client_id: format!("checkpoint-{}-{}", source.name, std::process::id()),
        login: source.user.clone().zip(source.password.as_ref().map(|password| password.as_str().to_owned())),
        topics: vec![format!("{topic}/tracked_object_update"), format!("{topic}/events")],
    };
    let (send, mut heard) = mpsc::channel(WAITING);
    let hear = async {
        while let Some(said) = heard.recv().await {
            match said {
                Said::Message { payload, is_retained } => drop(feed.hear(&payload, is_retained).await),
                Said::Listens(listens) => feed.parts.counted.with(&source.name, |count| count.listens = listens),
            }
        }
    };
    tokio::select! {
        () = listen(subscription, send) => {}
        () = hear => {}
    }
}
