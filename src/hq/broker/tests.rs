//! What the link asks of a broker, tried on the one we have. These are the sentences by which it was chosen.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{ConnectProperties, LastWill, Packet, PublishProperties};
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};

use super::Broker;

const LOOPBACK: &str = "127.0.0.1:0";

/// A client that is driven by the test and vanishes when it is dropped.
struct Client {
    client: AsyncClient,
    events: EventLoop,
}

/// One message that came.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Message {
    topic: String,
    payload: Vec<u8>,
    retained: bool,
}

fn options(address: SocketAddr, id: &str) -> MqttOptions {
    let mut options = MqttOptions::new(id, address.ip().to_string(), address.port());
    options.set_keep_alive(Duration::from_secs(5));
    options.set_connect_properties(ConnectProperties { max_packet_size: Some(1 << 20), ..ConnectProperties::new() });
    options
}

fn with_will(address: SocketAddr, id: &str) -> MqttOptions {
    let mut options = options(address, id);
    options.set_last_will(LastWill::new("box/1/state", "offline", QoS::AtLeastOnce, true, None));
    options
}

impl Client {
    async fn connect(options: MqttOptions) -> Self {
        let (client, events) = AsyncClient::new(options, 256);
        let mut client = Self { client, events };
        match client.incoming(|packet| matches!(packet, Packet::ConnAck(_))).await {
            Some(_) => client,
            None => panic!("the broker does not answer"),
        }
    }

    async fn incoming(&mut self, wanted: impl Fn(&Packet) -> bool) -> Option<Packet> {
        let until = Instant::now() + Duration::from_secs(3);
        loop {
            let left = until.checked_duration_since(Instant::now())?;
            match tokio::time::timeout(left, self.events.poll()).await {
                Ok(Ok(Event::Incoming(packet))) if wanted(&packet) => return Some(packet),
                Ok(Ok(_)) => {}
                Ok(Err(_)) | Err(_) => return None,
            }
        }
    }

    async fn subscribe(&mut self, filter: &str) {
        self.client.try_subscribe(filter, QoS::AtLeastOnce).unwrap();
        assert!(self.incoming(|packet| matches!(packet, Packet::SubAck(_))).await.is_some(), "no SUBACK");
    }

    async fn publish(&mut self, topic: &str, retain: bool, payload: impl Into<Vec<u8>>) {
        self.client.try_publish(topic, QoS::AtLeastOnce, retain, payload.into()).unwrap();
        assert!(self.incoming(|packet| matches!(packet, Packet::PubAck(_))).await.is_some(), "no PUBACK");
    }

    /// All messages until nothing comes for a while.
    async fn messages(&mut self, quiet: Duration) -> Vec<Message> {
        let mut found = Vec::new();
        while let Ok(Ok(event)) = tokio::time::timeout(quiet, self.events.poll()).await {
            if let Event::Incoming(Packet::Publish(publish)) = event {
                found.push(Message {
                    topic: String::from_utf8(publish.topic.to_vec()).unwrap(),
                    payload: publish.payload.to_vec(),
                    retained: publish.retain,
                });
            }
        }
        found
    }

    async fn last(&mut self) -> Option<String> {
        self.messages(Duration::from_millis(500)).await.pop().map(|m| String::from_utf8(m.payload).unwrap())
    }

    async fn part(mut self) {
        self.client.try_disconnect().unwrap();
        while self.events.poll().await.is_ok() {}
    }
}

const QUIET: Duration = Duration::from_millis(400);

#[tokio::test]
async fn a_retained_message_reaches_who_subscribes_later_with_a_wildcard() {
    let broker = Broker::start(LOOPBACK.parse().unwrap()).unwrap();
    let mut publisher = Client::connect(options(broker.address(), "p")).await;
    publisher.publish("box/1/receipt", true, "one").await;
    publisher.publish("box/2/receipt", true, "old").await;
    publisher.publish("box/2/receipt", true, "two").await;
    publisher.publish("box/3/receipt", true, "gone").await;
    publisher.publish("box/3/receipt", true, "").await;
    publisher.publish("box/1/crossings", false, "not retained").await;
    let mut later = Client::connect(options(broker.address(), "s")).await;
    later.client.try_subscribe("box/+/receipt", QoS::AtLeastOnce).unwrap();
    let mut found = later.messages(QUIET).await;
    found.sort_by(|a, b| a.topic.cmp(&b.topic));
    let message = |topic: &str, payload: &str| Message { topic: topic.into(), payload: payload.into(), retained: true };
    assert_eq!(found, [message("box/1/receipt", "one"), message("box/2/receipt", "two")]);
}

#[tokio::test]
async fn hundreds_of_retained_messages_all_arrive() {
    let broker = Broker::start(LOOPBACK.parse().unwrap()).unwrap();
    let mut publisher = Client::connect(options(broker.address(), "p")).await;
    for n in 0..300 {
        publisher.publish(&format!("box/{n}/state"), true, "online").await;
    }
    let mut later = Client::connect(options(broker.address(), "s")).await;
    later.client.try_subscribe("box/+/state", QoS::AtLeastOnce).unwrap();
    assert_eq!(later.messages(QUIET).await.len(), 300);
}

#[tokio::test]
async fn a_session_that_goes_on_gets_the_retained_receipt_again_when_it_subscribes() {
    let broker = Broker::start(LOOPBACK.parse().unwrap()).unwrap();
    let mut options_kept = options(broker.address(), "box-1");
    options_kept.set_clean_start(false);
    options_kept.set_session_expiry_interval(Some(3600));
    let mut publisher = Client::connect(options(broker.address(), "p")).await;
    publisher.publish("box/1/receipt", true, "one").await;
    for _ in 0..3 {
        let mut kept = Client::connect(options_kept.clone()).await;
        kept.client.try_subscribe("box/1/receipt", QoS::AtLeastOnce).unwrap();
        assert_eq!(kept.last().await.as_deref(), Some("one"));
    }
}

#[tokio::test]
async fn a_session_that_goes_on_gets_what_was_sent_meanwhile() {
    let broker = Broker::start(LOOPBACK.parse().unwrap()).unwrap();
    let mut kept = options(broker.address(), "box-1");
    kept.set_clean_start(false);
    kept.set_session_expiry_interval(Some(3600));
    let mut client = Client::connect(kept.clone()).await;
    client.subscribe("box/1/command").await;
    drop(client);
    let mut publisher = Client::connect(options(broker.address(), "p")).await;
    publisher.publish("box/1/command", false, "restart").await;
    let mut client = Client::connect(kept).await;
    assert_eq!(client.last().await.as_deref(), Some("restart"));
}

#[tokio::test]
async fn the_last_will_speaks_when_a_client_vanishes_and_is_retained() {
    let broker = Broker::start(LOOPBACK.parse().unwrap()).unwrap();
    let mut watcher = Client::connect(options(broker.address(), "w")).await;
    watcher.subscribe("box/+/state").await;
    let mut dying = Client::connect(with_will(broker.address(), "box-1")).await;
    dying.publish("box/1/state", true, "online").await;
    assert_eq!(watcher.last().await.as_deref(), Some("online"));
    drop(dying);
    assert_eq!(watcher.last().await.as_deref(), Some("offline"));
    let mut later = Client::connect(options(broker.address(), "l")).await;
    later.client.try_subscribe("box/+/state", QoS::AtLeastOnce).unwrap();
    assert_eq!(later.last().await.as_deref(), Some("offline"));
}

#[tokio::test]
async fn who_says_goodbye_leaves_no_will() {
    let broker = Broker::start(LOOPBACK.parse().unwrap()).unwrap();
    let mut watcher = Client::connect(options(broker.address(), "w")).await;
    watcher.subscribe("box/+/state").await;
    Client::connect(with_will(broker.address(), "box-1")).await.part().await;
    assert_eq!(watcher.last().await, None);
}

/// The line was cut without a word, and the box is back before the broker has noticed.
async fn taken_over(clean_start: bool) {
    let broker = Broker::start(LOOPBACK.parse().unwrap()).unwrap();
    let mut watcher = Client::connect(options(broker.address(), "w")).await;
    watcher.subscribe("box/+/state").await;
    let mut box_options = with_will(broker.address(), "box-1");
    box_options.set_clean_start(clean_start);
    box_options.set_session_expiry_interval(Some(3600));
    let mut half_open = Client::connect(box_options.clone()).await;
    half_open.publish("box/1/state", true, "online").await;
    let mut back = Client::connect(box_options).await;
    back.publish("box/1/state", true, "online").await;
    assert_eq!(watcher.last().await.as_deref(), Some("online"), "the old will spoke over the new connection");
    drop(half_open);
    drop(back);
    assert_eq!(watcher.last().await.as_deref(), Some("offline"), "the new connection has lost its will");
}

#[tokio::test]
async fn a_box_that_comes_back_before_its_end_was_noticed_is_online_and_keeps_its_will() {
    taken_over(false).await;
}

#[tokio::test]
async fn a_box_that_comes_back_with_a_clean_start_is_online_and_keeps_its_will() {
    taken_over(true).await;
}

#[tokio::test]
async fn packets_of_200_kib_pass_whole_and_properties_with_them() {
    let broker = Broker::start(LOOPBACK.parse().unwrap()).unwrap();
    let mut subscriber = Client::connect(options(broker.address(), "s")).await;
    subscriber.subscribe("box/+/crossings").await;
    let mut publisher = Client::connect(options(broker.address(), "p")).await;
    let payload: Vec<u8> = (0..200 * 1024u32).map(|n| (n % 251) as u8).collect();
    let properties =
        PublishProperties { user_properties: vec![("part".into(), "1".into())], ..PublishProperties::default() };
    publisher
        .client
        .try_publish_with_properties("box/1/crossings", QoS::AtLeastOnce, false, payload.clone(), properties)
        .unwrap();
    assert!(publisher.incoming(|packet| matches!(packet, Packet::PubAck(_))).await.is_some());
    let Some(Packet::Publish(found)) = subscriber.incoming(|packet| matches!(packet, Packet::Publish(_))).await else {
        panic!("nothing came");
    };
    assert_eq!(found.payload, payload);
    assert!(found.properties.unwrap().user_properties.contains(&("part".to_owned(), "1".to_owned())));
}

#[tokio::test]
async fn clients_that_vanish_in_the_middle_of_connecting_do_no_harm() {
    let broker = Broker::start(LOOPBACK.parse().unwrap()).unwrap();
    // CONNECT of MQTT 5, clean start, keep alive 60, client id "box-1" (MQTT 5 §3.1).
    let connect = b"\x10\x12\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x05box-1";
    for round in 0..300 {
        let mut stream = TcpStream::connect(broker.address()).unwrap();
        let part = if round % 3 == 0 { connect.len() } else { round % connect.len() };
        stream.write_all(&connect[..part]).unwrap();
        if round % 2 == 0 {
            stream.shutdown(std::net::Shutdown::Write).ok();
        }
    }
    let mut client = Client::connect(options(broker.address(), "box-1")).await;
    client.publish("box/1/state", true, "online").await;
}

#[tokio::test]
async fn noise_instead_of_mqtt_does_no_harm() {
    let broker = Broker::start(LOOPBACK.parse().unwrap()).unwrap();
    for seed in 0..100u8 {
        let mut stream = TcpStream::connect(broker.address()).unwrap();
        let noise: Vec<u8> = (0..500u32).map(|n| ((n * 7919 + u32::from(seed) * 31) >> 3) as u8 ^ seed).collect();
        stream.write_all(&noise).ok();
    }
    let mut client = Client::connect(options(broker.address(), "box-1")).await;
    client.publish("box/1/state", true, "online").await;
}

#[tokio::test]
async fn a_stopped_broker_has_closed_its_port_and_every_connection_and_can_begin_again_there() {
    let first = Broker::start(LOOPBACK.parse().unwrap()).unwrap();
    let address = first.address();
    let mut broker = Some(first);
    let threads = threads();
    for round in 0..10 {
        let running = broker.take().unwrap_or_else(|| Broker::start(address).unwrap());
        let mut client = Client::connect(options(address, "box-1")).await;
        client.publish("box/1/state", true, "online").await;
        let begun = Instant::now();
        if round % 2 == 0 {
            running.stop()
        } else {
            drop(running)
        }
        assert!(begun.elapsed() < Duration::from_secs(2), "stopping took {:?}", begun.elapsed());
        assert!(TcpStream::connect(address).is_err(), "the port is still open");
        drop(TcpListener::bind(address).expect("the port is free"));
        let gone = tokio::time::timeout(Duration::from_secs(1), async { while client.events.poll().await.is_ok() {} });
        assert!(gone.await.is_ok(), "a connection outlived the broker");
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(self::threads() <= threads, "threads are left behind: {} after {threads}", self::threads());
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

#[test]
fn the_broker_of_a_desk_does_not_listen_to_the_world() {
    assert!(matches!(Broker::start("0.0.0.0:0".parse().unwrap()), Err(super::Error::NotLoopback(_))));
}

#[test]
fn a_taken_port_is_an_error_and_not_a_panic() {
    let taken = TcpListener::bind(LOOPBACK).unwrap();
    assert!(matches!(Broker::start(taken.local_addr().unwrap()), Err(super::Error::Listen { .. })));
}
