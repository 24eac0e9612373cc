//! MQTT 5 by `rumqttc`: beside `subscriber`, the only file of the box that knows it.
//!
//! Its known faults are designed around here. `publish().await` blocks for ever on a full channel, so only
//! `try_publish` is used, on a small channel. A session lost at the broker silently drops queued publishes,
//! and a stashed packet collision can loop for ever: so nothing is ever resumed, the client is dropped at
//! the first trouble and a new one built. Incoming packets are limited to 10 KiB unless said otherwise.
//! An event loop that is not polled stands still, so it has a task of its own, whose panic is a lost
//! connection like any other.

use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{ConnectProperties, LastWill, Packet, PubAckReason, SubscribeReasonCode};
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use rumqttc::{TlsConfiguration, Transport};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use wire::health::State;
use wire::topic::{self, Down, Up};
use wire::{BoxId, RegionId};

use super::tls::{self, Credentials};
use super::{Full, Incoming, Link, Outgoing};
use crate::Error;

/// Requests the client may hold before they are on the line.
const CHANNEL: usize = 16;

/// Publishes without the broker's acknowledgement; four times what the machine's window can have under way.
/// The client keeps a place in memory for each, 6 MB of them if it is not told otherwise.
const INFLIGHT: u16 = 64;

/// Longest packet taken: a bundle over MQTT has at most 128 KiB.
const LONGEST_PACKET: u32 = 256 * 1024;

/// How often a silent line is tried. Cellular networks forget a silent connection after minutes.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Seconds for which a broker keeps what is meant for this box while it is away: a day.
const SESSION: u32 = 24 * 3600;

/// Seconds for which connecting may take.
const CONNECT: u64 = 8;

/// Messages from HQ that may wait for the link.
const WAITING: usize = 32;

/// How long saying goodbye may take; a line that is too slow for it leaves that to the last will.
const GOODBYE: Duration = Duration::from_secs(1);

/// A box's connection to the region's broker.
pub struct MqttLink {
    host: String,
    port: u16,
    version: String,
    topics: Topics,
    client_id: String,
    credentials: Option<Box<dyn Credentials>>,
    open: Option<Open>,
}

#[derive(Debug, Clone)]
struct Topics {
    crossings: String,
    alerts: String,
    state: String,
    health: String,
    diag: String,
    receipt: String,
    command: String,
    release: String,
    news: String,
    uses: String,
    sheets: String,
}

/// One client, as long as it lives.
#[derive(Debug)]
struct Open {
    client: AsyncClient,
    incoming: mpsc::Receiver<Incoming>,
    task: JoinHandle<()>,
    /// Whether the broker has taken it.
    stands: bool,
}

impl Drop for Open {
    fn drop(&mut self) {
        // Closes the socket without a DISCONNECT: the broker says by the last will that the box is away.
        self.task.abort();
    }
}

impl MqttLink {
    /// A link of a box to the broker at `host:port`. `version` is the software's, for the `state` topic.
    ///
    /// # Errors
    /// [`Error::Address`].
    pub fn new(broker: &str, region: &RegionId, name: &BoxId, version: &str) -> Result<Self, Error> {
        let (host, port) = broker.rsplit_once(':').ok_or_else(|| Error::Address(broker.to_owned()))?;
        let port = port.parse().map_err(|_| Error::Address(broker.to_owned()))?;
        if host.is_empty() {
            return Err(Error::Address(broker.to_owned()));
        }
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port,
            version: version.to_owned(),
            topics: Topics {
                crossings: Up::Crossings.of(region, name),
                alerts: Up::Alerts.of(region, name),
                state: Up::State.of(region, name),
                health: Up::Health.of(region, name),
                diag: Up::Diag.of(region, name),
                receipt: Down::Receipt.of(region, name),
                command: Down::Command.of(region, name),
                release: topic::release(region),
                news: topic::news(region),
                uses: topic::uses(region),
                sheets: topic::sheets(region),
            },
            client_id: format!("box:{region}:{name}"),
            credentials: None,
            open: None,
        })
    }

    /// The same over TLS. The name or address in the broker's certificate must be the one that is dialled.
    #[must_use]
    pub fn over_tls(self, credentials: Box<dyn Credentials>) -> Self {
        Self { credentials: Some(credentials), ..self }
    }

    fn state(&self, online: bool, reason: Option<&str>) -> Vec<u8> {
        wire::encode(&State { online, version: self.version.clone(), reason: reason.map(str::to_owned) })
    }

    fn options(&self) -> MqttOptions {
        let mut options = MqttOptions::new(&self.client_id, &self.host, self.port);
        let will = LastWill::new(&self.topics.state, self.state(false, None), QoS::AtLeastOnce, true, None);
        options
            .set_keep_alive(KEEP_ALIVE)
            .set_connection_timeout(CONNECT)
            .set_clean_start(false)
            .set_outgoing_inflight_upper_limit(INFLIGHT)
            .set_last_will(will)
            .set_connect_properties(ConnectProperties {
                session_expiry_interval: Some(SESSION),
                max_packet_size: Some(LONGEST_PACKET),
                ..ConnectProperties::new()
            });
        options
    }
}

impl Link for MqttLink {
    fn connect(&mut self) {
        self.close();
        let mut options = self.options();
        let tls = self.credentials.as_mut().map(|credentials| credentials.next()).transpose();
        if let Ok(Some(tls)) = &tls {
            options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(tls.clone())));
        }
        let (client, events) = AsyncClient::new(options, CHANNEL);
        let (send, incoming) = mpsc::channel(WAITING);
        let task = match tls {
            Ok(_) => {
                let desk =
                    Desk { client: client.clone(), topics: self.topics.clone(), online: self.state(true, None), send };
                tokio::spawn(desk.drive(events))
            }
            // Nothing is sent without TLS where it should be.
            Err(why) => tokio::spawn(async move { drop(send.send(Incoming::Lost(why)).await) }),
        };
        self.open = Some(Open { client, incoming, task, stands: false });
    }

    fn close(&mut self) {
        self.open = None;
    }

    async fn part(&mut self) {
        let stopped = self.state(false, Some(State::STOPPED));
        let Some(open) = &mut self.open else { return };
        // The broker takes both in this order; after a DISCONNECT it does not speak the last will.
        let said = open.client.try_publish(&self.topics.state, QoS::AtLeastOnce, true, stopped).is_ok()
            && open.client.try_disconnect().is_ok();
        if said {
            // Whatever comes of it: the client is dropped all the same.
            let _ = tokio::time::timeout(GOODBYE, &mut open.task).await;
        }
        self.close();
    }

    fn send(&mut self, what: Outgoing, payload: Vec<u8>) -> Result<(), Full> {
        let open = self.open.as_ref().ok_or(Full)?;
        let (topic, qos) = match what {
            Outgoing::Crossings => (&self.topics.crossings, QoS::AtLeastOnce),
            Outgoing::Alerts => (&self.topics.alerts, QoS::AtLeastOnce),
            Outgoing::Health => (&self.topics.health, QoS::AtMostOnce),
            Outgoing::Diag => (&self.topics.diag, QoS::AtLeastOnce),
        };
        open.client.try_publish(topic, qos, false, payload).map_err(|_| Full)
    }

    async fn next(&mut self) -> Incoming {
        let Some(open) = &mut self.open else { return std::future::pending().await };
        let incoming = open.incoming.recv().await;
        let incoming = incoming.unwrap_or_else(|| Incoming::Lost("the client has ended".to_owned()));
        match (&incoming, &mut self.credentials) {
            (Incoming::Connected, Some(credentials)) => {
                open.stands = true;
                credentials.accepted();
            }
            (Incoming::Lost(why), Some(credentials)) if !open.stands => credentials.refused(why),
            _ => {}
        }
        if matches!(incoming, Incoming::Lost(_)) {
            self.close();
        }
        incoming
    }
}

/// Drives one client until its first trouble.
struct Desk {
    client: AsyncClient,
    topics: Topics,
    online: Vec<u8>,
    send: mpsc::Sender<Incoming>,
}

impl Desk {
    async fn drive(self, mut events: EventLoop) {
        loop {
            let incoming = match events.poll().await {
                Ok(Event::Incoming(packet)) => self.read(packet),
                Ok(Event::Outgoing(_)) => None,
                Err(error) => Some(Incoming::Lost(tls::trouble(&error).unwrap_or_else(|| error.to_string()))),
            };
            let Some(incoming) = incoming else { continue };
            let last = matches!(incoming, Incoming::Lost(_));
            if self.send.send(incoming).await.is_err() || last {
                return;
            }
        }
    }

    fn read(&self, packet: Packet) -> Option<Incoming> {
        match packet {
            Packet::ConnAck(_) => Some(self.announce()),
            Packet::SubAck(ack) => {
                let granted = |code: &_| matches!(code, SubscribeReasonCode::Success(_));
                let refused = ack.return_codes.iter().find(|code| !granted(code));
                refused.map(|code| Incoming::Lost(format!("a subscription was refused: {code:?}")))
            }
            Packet::Publish(publish) => self.said(&publish.topic, publish.payload.into()),
            Packet::PubAck(ack) if ack.reason == PubAckReason::NoMatchingSubscribers => Some(Incoming::Unheard),
            Packet::Disconnect(disconnect) => {
                Some(Incoming::Lost(format!("the broker closed the connection: {:?}", disconnect.reason_code)))
            }
            _ => None,
        }
    }

    fn said(&self, topic: &[u8], payload: Vec<u8>) -> Option<Incoming> {
        let Topics { receipt, command, release, news, uses, sheets, .. } = &self.topics;
        if sheets.strip_suffix('+').is_some_and(|above| topic.starts_with(above.as_bytes())) {
            return Some(Incoming::Sheet(payload));
        }
        let by_topic: [(_, fn(_) -> _); 5] = [
            (receipt, Incoming::Receipt),
            (command, Incoming::Command),
            (release, Incoming::Release),
            (news, Incoming::News),
            (uses, Incoming::Uses),
        ];
        by_topic.into_iter().find(|(known, _)| *topic == *known.as_bytes()).map(|(_, of)| of(payload))
    }

    /// Subscribes anew on every connection: that brings the retained messages again.
    fn announce(&self) -> Incoming {
        let Topics { receipt, command, release, news, uses, sheets, .. } = &self.topics;
        let subscribe = |topic: &String| self.client.try_subscribe(topic, QoS::AtLeastOnce).is_ok();
        let announced = [receipt, command, release, news, uses, sheets].into_iter().all(subscribe)
            && self.client.try_publish(&self.topics.state, QoS::AtLeastOnce, true, self.online.clone()).is_ok();
        if announced { Incoming::Connected } else { Incoming::Lost("a new client takes nothing".to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use rumqttc::v5::{ConnectionError, StateError};
    use rustls::{AlertDescription, Error};

    use super::tls;

    #[test]
    fn what_a_broker_has_against_a_certificate_is_found_beneath_the_clients_own_words() {
        let alert = || std::io::Error::other(Error::AlertReceived(AlertDescription::CertificateExpired));
        // The second is what a refused CONNECT comes to.
        for buried in [StateError::Io(alert()), StateError::Deserialization(rumqttc::v5::mqttbytes::Error::Io(alert()))]
        {
            let found = tls::trouble(&ConnectionError::MqttState(buried)).unwrap();
            assert!(found.starts_with(tls::ALERT) && found.contains("CertificateExpired"), "{found}");
        }
        let broken = ConnectionError::Io(std::io::ErrorKind::ConnectionReset.into());
        assert_eq!(tls::trouble(&broken), None);
    }
}
