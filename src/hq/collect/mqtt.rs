//! MQTT 5 by `rumqttc`: the only file of the collector that knows it. Like the box's, it resumes nothing:
//! at the first trouble the client is dropped and a new one built, and every receipt is published again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{ConnectProperties, Packet, PublishProperties, SubscribeReasonCode};
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use rumqttc::{TlsConfiguration, Transport};
use wire::RegionId;
use wire::topic::Up;

use super::post::{Letter, Post};
use super::{Credentials, Error, TURN, View};

/// Requests the client may hold before they are on the line.
const CHANNEL: usize = 64;

/// Publishes without the broker's acknowledgement; the client keeps a place in memory for each.
const INFLIGHT: u16 = 256;

/// Longest packet taken, as long as the longest message (`wire::cbor::Limits::MESSAGE`).
const LONGEST_PACKET: u32 = 1 << 20;

/// How often a silent line is tried.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Wait before connecting again. HQ stands beside its broker: nothing is gained by growing it.
const AGAIN: Duration = Duration::from_millis(250);

/// Wait after the authority has failed: that is nothing that passes by itself in a moment.
const LONGER: Duration = Duration::from_secs(5);

/// Seconds for which a broker keeps a bundle for a box that is away.
const EXPIRY: u32 = 600;

/// What comes from the broker.
#[derive(Debug)]
pub(super) enum Incoming {
    /// The connection stands; the broker may have forgotten everything.
    Connected,
    /// Something was published.
    Message {
        /// Where.
        topic: String,
        /// What.
        payload: Vec<u8>,
    },
}

/// Takes `host:port` apart.
pub(super) fn address(broker: &str) -> Result<(String, u16), Error> {
    let wrong = || Error::Address(broker.to_owned());
    let (host, port) = broker.rsplit_once(':').filter(|(host, _)| !host.is_empty()).ok_or_else(wrong)?;
    Ok((host.trim_matches(['[', ']']).to_owned(), port.parse().map_err(|_| wrong())?))
}

/// The collector's connection.
pub(super) struct Line {
    pub(super) address: (String, u16),
    pub(super) credentials: Option<Credentials>,
    pub(super) region: RegionId,
    pub(super) incoming: SyncSender<Incoming>,
    pub(super) post: Arc<Post>,
    pub(super) view: Arc<RwLock<View>>,
    pub(super) stop: Arc<AtomicBool>,
}

impl Line {
    /// Keeps a connection until told to stop.
    pub(super) fn keep(self) {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return tracing::error!(%error, "the collector has no event loop"),
        };
        let stop = self.stop.clone();
        runtime.block_on(async {
            tokio::select! {
                () = self.connect() => {}
                () = stopped(&stop) => {}
            }
        });
        // Whoever looks up a host name may hang; nobody waits for it.
        runtime.shutdown_background();
        self.see(|view| view.connected = false);
    }

    async fn connect(&self) {
        loop {
            let options = match self.options() {
                Ok(options) => options,
                Err(error) => {
                    tracing::error!(%error, "the collector has no certificate");
                    tokio::time::sleep(LONGER).await;
                    continue;
                }
            };
            let (client, events) = AsyncClient::new(options, CHANNEL);
            // The event loop has a task of its own: given up in the middle it would lose requests.
            let feed = tokio::spawn(feed(client.clone(), self.post.clone()));
            let why = self.drive(&client, events).await;
            feed.abort();
            self.see(|view| view.connected = false);
            tracing::info!(%why, "the collector has lost the broker");
            tokio::time::sleep(AGAIN).await;
        }
    }

    fn options(&self) -> Result<MqttOptions, Box<dyn std::error::Error + Send + Sync>> {
        let (host, port) = &self.address;
        let mut options = MqttOptions::new(format!("hq:{}:collector", self.region), host, *port);
        options
            .set_keep_alive(KEEP_ALIVE)
            .set_clean_start(true)
            .set_outgoing_inflight_upper_limit(INFLIGHT)
            .set_connect_properties(ConnectProperties {
                max_packet_size: Some(LONGEST_PACKET),
                ..ConnectProperties::new()
            });
        if let Some(credentials) = &self.credentials {
            options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(credentials()?)));
        }
        Ok(options)
    }

    /// Drives one client until its first trouble, and says what it was.
    async fn drive(&self, client: &AsyncClient, mut events: EventLoop) -> String {
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    for up in Up::ALL {
                        if client.try_subscribe(up.filter(&self.region), QoS::AtLeastOnce).is_err() {
                            return "a new client takes nothing".to_owned();
                        }
                    }
                    self.see(|view| view.connected = true);
                    self.pass(Incoming::Connected);
                }
                Ok(Event::Incoming(Packet::SubAck(ack))) => {
                    let refused = |code: &&_| !matches!(code, SubscribeReasonCode::Success(_));
                    if let Some(code) = ack.return_codes.iter().find(refused) {
                        return format!("a subscription was refused: {code:?}");
                    }
                }
                Ok(Event::Incoming(Packet::Publish(publish))) => {
                    let topic = String::from_utf8_lossy(&publish.topic).into_owned();
                    self.pass(Incoming::Message { topic, payload: publish.payload.into() });
                }
                Ok(_) => {}
                Err(error) => return error.to_string(),
            }
        }
    }

    /// Never waits: a ledger that is behind must not break the connection, and what is dropped comes again.
    fn pass(&self, incoming: Incoming) {
        if let Err(TrySendError::Full(_)) = self.incoming.try_send(incoming) {
            self.see(|view| view.dropped += 1);
        }
    }

    fn see(&self, change: impl FnOnce(&mut View)) {
        change(&mut self.view.write().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Brings letters to the line, as fast as it takes them.
async fn feed(client: AsyncClient, post: Arc<Post>) {
    loop {
        let (topic, Letter { payload, retain }) = post.next().await;
        // What is not kept is not queued for long either: who was away for longer fetches.
        let expires = PublishProperties { message_expiry_interval: (!retain).then_some(EXPIRY), ..Default::default() };
        let sent = client.publish_with_properties(topic, QoS::AtLeastOnce, retain, payload, expires);
        if sent.await.is_err() {
            return;
        }
    }
}

async fn stopped(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(TURN).await;
    }
}
