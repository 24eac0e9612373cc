//! Listening at somebody else's broker by `rumqttc`: beside `mqtt`, the only file of the box that knows it.
//!
//! Nothing is ever said there but what is subscribed to, and no session is kept: what was published while nobody
//! listened is old news. At the first trouble the client is dropped and, after a rest, a new one built.

use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{ConnectProperties, Packet, SubscribeReasonCode};
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use tokio::sync::mpsc;

/// Requests the client may hold before they are on the line.
const CHANNEL: usize = 16;

/// Longest packet taken; the broker keeps longer ones to itself.
const LONGEST_PACKET: u32 = 128 * 1024;

/// How often a silent line is tried.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Rest before a broker is dialled again.
const REST: Duration = Duration::from_secs(5);

/// Seconds for which connecting may take.
const CONNECT: u64 = 8;

/// What is listened to, and where.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// `host:port`.
    pub broker: String,
    /// Our name there.
    pub client_id: String,
    /// User and password.
    pub login: Option<(String, String)>,
    /// The topics.
    pub topics: Vec<String>,
}

/// What comes from there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A message.
    Message {
        /// Its bytes.
        payload: Vec<u8>,
        /// The broker has kept it: it was said before.
        is_retained: bool,
    },
    /// The broker is listened to, or no more.
    Listens(bool),
}

/// Listens until nobody wants to hear it any more.
pub async fn listen(subscription: Subscription, heard: mpsc::Sender<Said>) {
    let Some((host, port)) = address(&subscription.broker) else {
        tracing::error!(broker = subscription.broker, "a broker is host:port");
        return heard.closed().await;
    };
    let mut troubled = false;
    while !heard.is_closed() {
        let ended = once(&subscription, host, port, &heard, &mut troubled).await;
        // Once, until it works again: it is tried every few seconds.
        if let Err(why) = ended
            && !std::mem::replace(&mut troubled, true)
        {
            tracing::warn!(broker = subscription.broker, why, "a broker cannot be listened to and will be tried again");
        }
        if heard.send(Said::Listens(false)).await.is_err() {
            return;
        }
        tokio::time::sleep(REST).await;
    }
}

fn address(broker: &str) -> Option<(&str, u16)> {
    let (host, port) = broker.rsplit_once(':')?;
    Some((host.trim_matches(['[', ']']), port.parse().ok()?)).filter(|(host, _)| !host.is_empty())
}

/// One client until its first trouble, and what that was.
async fn once(
    subscription: &Subscription,
    host: &str,
    port: u16,
    heard: &mpsc::Sender<Said>,
    troubled: &mut bool,
) -> Result<(), String> {
    let mut options = MqttOptions::new(&subscription.client_id, host, port);
    options.set_keep_alive(KEEP_ALIVE).set_connection_timeout(CONNECT).set_clean_start(true).set_connect_properties(
        ConnectProperties { max_packet_size: Some(LONGEST_PACKET), ..ConnectProperties::new() },
    );
    if let Some((user, password)) = &subscription.login {
        options.set_credentials(user, password);
    }
    let (client, mut events) = AsyncClient::new(options, CHANNEL);
    loop {
        let said = match events.poll().await.map_err(|error| error.to_string())? {
            Event::Incoming(Packet::ConnAck(_)) => {
                let subscribe = |topic: &String| client.try_subscribe(topic, QoS::AtMostOnce).is_ok();
                if !subscription.topics.iter().all(subscribe) {
                    return Err("a new client takes nothing".to_owned());
                }
                continue;
            }
            Event::Incoming(Packet::SubAck(ack)) => {
                let granted = |code: &_| matches!(code, SubscribeReasonCode::Success(_));
                if let Some(code) = ack.return_codes.iter().find(|code| !granted(code)) {
                    return Err(format!("a subscription was refused: {code:?}"));
                }
                *troubled = false;
                Said::Listens(true)
            }
            Event::Incoming(Packet::Publish(publish)) => {
                Said::Message { payload: publish.payload.into(), is_retained: publish.retain }
            }
            Event::Incoming(Packet::Disconnect(disconnect)) => {
                return Err(format!("the broker closed the connection: {:?}", disconnect.reason_code));
            }
            _ => continue,
        };
        if heard.send(said).await.is_err() {
            return Ok(());
        }
    }
}
