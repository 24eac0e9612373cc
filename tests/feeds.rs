//! Plates that cameras send: the messages of real cameras, posted to a real box, and published at a real broker.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use checkpoint_tests::desk::{Broker, Desk};
use checkpoint_tests::post::Post;
use checkpoint_tests::process::Process;
use checkpoint_tests::{port, wait};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use serde_json::{Value, json};

/// Nothing here is in a hurry.
const PATIENCE: Duration = Duration::from_secs(120);

const TOKEN: &str = "token-of-the-test";

/// Most bytes of a message.
const LONGEST: usize = 65_536;

/// How a camera of Hikvision or Axis wraps its message.
const BOUNDARY: &str = "---------------------------7e13971310878";

fn sample(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/anpr").join(name)).unwrap()
}

/// A post with the message among pictures, as cameras make it.
fn multipart(name: &str, kind: &str, message: &str) -> Vec<u8> {
    let mut body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\n\
         Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{message}\r\n",
        message.len()
    )
    .into_bytes();
    let picture = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"detectionPicture.jpg\"; \
         filename=\"detectionPicture.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n"
    );
    body.extend(picture.into_bytes());
    body.extend(std::iter::repeat_n(0xD8, 300_000));
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").into_bytes());
    body
}

/// A box with these sources.
struct Listening {
    desk: Desk,
    post: Post,
    process: Process,
    port: SocketAddr,
}

impl Listening {
    fn with(sources: impl FnOnce(&Desk, SocketAddr) -> String) -> Self {
        let desk = Desk::founded(Broker::Mosquitto);
        let post = Post::provisioned(&desk, "m10-km178");
        let port = port::free();
        let sources: toml::Table = sources(&desk, port).parse().unwrap();
        post.configure(|settings| settings.extend(sources));
        desk.release();
        let process = post.start();
        Self { desk, post, process, port }
    }

    /// Posts, with the type of the body; the status.
    fn post(&self, way: &str, kind: &str, body: &[u8]) -> u16 {
        let url = format!("http://{}/{way}", self.port);
        let agent: ureq::Agent =
            ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).build().into();
        agent.post(&url).header("Content-Type", kind).send(body).unwrap().status().as_u16()
    }

    /// Waits until the box says this of a source.
    fn says(&self, source: &str, what: &str, is_said: impl Fn(&Value) -> bool) {
        wait::for_it(what, PATIENCE, &[&self.process], || {
            let status = self.post.status().ok()?;
            let said = status.0.pointer(&format!("/plate_sources/{source}"))?;
            is_said(said).then_some(())
        });
    }
}

fn taken(said: &Value, count: u64) -> bool {
    said["taken"] == json!(count)
}

#[test]
fn what_cameras_post_is_taken_from_who_may_post_and_only_while_it_is_news() {
    // The samples are years old, so their own time does not count here; in the last source it does.
    let one = |name: &str, kind: &str, port: SocketAddr, more: &str| {
        format!(
            "[[plate_source]]\nname = \"{name}\"\nkind = \"{kind}\"\nlisten = \"{port}\"\ntoken = \"{TOKEN}\"\n{more}\n"
        )
    };
    let at_arrival = "clock = \"arrival\"";
    let box_ = Listening::with(|_, port| {
        one("north", "hikvision", port, at_arrival)
            + &one("axis", "axis", port, at_arrival)
            + &one("bridge", "json", port, "cameras = { gate = 0, yard = 1 }")
            + &one("dated", "hikvision", port, "")
    });
    box_.says("north", "the port to be open", |said| said["listens"] == json!(true));
    wait::for_it("the page", PATIENCE, &[&box_.process], || box_.post.status().ok());

    let form = format!("multipart/form-data; boundary={BOUNDARY}");
    let xml = sample("hikvision-anpr.xml");
    let alert = multipart("anpr.xml", "text/xml", &xml);
    // Who may not post is told so before anything is read: with a body, the connection would break under it.
    assert_eq!(box_.post("north", &form, &[]), 403);
    assert_eq!(box_.post("north/wrong-token", &form, &[]), 403);
    assert_eq!(box_.post("nowhere/token", &form, &[]), 404);
    assert_eq!(box_.post(&format!("north/{TOKEN}"), &form, &alert), 200);
    // The same once more, without its pictures, and by the other namespace.
    let other = xml.replace("http://www.hikvision.com/ver20/XMLSchema", "http://www.isapi.org/ver20/XMLSchema");
    assert_eq!(box_.post(&format!("north/{TOKEN}"), "application/xml", other.as_bytes()), 200);
    let laughs = "<!DOCTYPE lolz [<!ENTITY lol \"lol\">]><EventNotificationAlert>&lol;</EventNotificationAlert>";
    assert_eq!(box_.post(&format!("north/{TOKEN}"), "application/xml", laughs.as_bytes()), 400);
    assert_eq!(box_.post(&format!("north/{TOKEN}"), "application/xml", &vec![b' '; LONGEST + 1]), 413);
    box_.says("north", "two readings", |said| {
        taken(said, 2) && said["left"]["feed-stranger"] == json!(2) && said["left"]["feed-entities"] == json!(1)
    });

    let event = multipart("event", "application/json", &sample("axis-license-plate-verifier.json"));
    assert_eq!(box_.post(&format!("axis/{TOKEN}"), &form, &event), 200);
    box_.says("axis", "a reading", |said| taken(said, 1));

    // Years old by its own time: taken with thanks, and left.
    assert_eq!(box_.post(&format!("dated/{TOKEN}"), &form, &alert), 200);
    box_.says("dated", "old news", |said| taken(said, 0) && said["left"]["feed-old"] == json!(1));

    let read = |plate: &str, camera: &str, confidence: f64| {
        json!({"plate": plate, "camera": camera, "confidence": confidence}).to_string()
    };
    let bridge = format!("bridge/{TOKEN}");
    for (message, status) in [
        (read("A124BC69", "gate", 0.4), 200),
        (read("A124BC69", "yard", 0.9), 200),
        (read("A124BC69", "roof", 0.9), 200),
        ("{}".to_owned(), 400),
    ] {
        assert_eq!(box_.post(&bridge, "application/json", message.as_bytes()), status, "{message}");
    }
    box_.says("bridge", "what was left", |said| {
        taken(said, 0)
            && said["left"] == json!({"feed-unsure": 1, "feed-elsewhere": 2, "feed-malformed": 1})
            && said["unknown_camera"] == json!("roof")
    });

    // And one that counts: the pass before the camera is judged with the plate that was posted.
    let pass = box_.desk.issue("work", &["А123ВС69"]);
    box_.desk.release();
    let gate = read("а 123 вс 69", "gate", 0.93);
    assert_eq!(box_.post(&bridge, "application/json", gate.as_bytes()), 200);
    box_.says("bridge", "the reading", |said| taken(said, 1));
    box_.post.show("pass.png", &std::fs::read(&pass.picture).unwrap());
    wait::for_it("a crossing", PATIENCE, &[&box_.process], || {
        let status = box_.post.status().ok()?;
        (status.0["screen"] == json!("verdict")).then_some(())
    });
}

#[test]
fn frigate_is_heard_at_its_broker_and_what_the_broker_kept_is_old_news() {
    let topic = "frigate/tracked_object_update";
    let message = |id: &str, plate: &str| {
        let now = jiff::Timestamp::now().as_millisecond() as f64 / 1000.0;
        let mut message: Value = serde_json::from_str(&sample("frigate-tracked-object-update.json")).unwrap();
        (message["timestamp"], message["id"], message["plate"]) = (json!(now), json!(id), json!(plate));
        message.to_string()
    };
    let mosquitto = std::cell::OnceCell::new();
    let box_ = Listening::with(|desk, _| {
        mosquitto.get_or_init(|| desk.start_mosquitto());
        // Said before the box listens, and kept by the broker.
        publish(desk.broker_address, &[(topic, message("1.1-kept", "A111AA69"), true)]);
        format!("[[plate_source]]\nname = \"yard\"\nkind = \"frigate\"\nbroker = \"{}\"\n", desk.broker_address)
    });
    box_.says("yard", "the broker to be heard", |said| said["listens"] == json!(true));
    box_.says("yard", "what was kept", |said| taken(said, 0) && said["left"]["feed-old"] == json!(1));
    let after = json!({
        "id": "1.2-a", "camera": "driveway_cam", "recognized_license_plate": "A123BC69",
        "recognized_license_plate_score": 0.97,
    });
    let told = [
        (topic, message("1.2-a", "A123BC69"), false),
        ("frigate/events", json!({"type": "update", "before": {}, "after": after}).to_string(), false),
        (
            "frigate/events",
            json!({"type": "new", "before": {}, "after": {"id": "2", "camera": "c"}}).to_string(),
            false,
        ),
        (topic, sample("frigate-tracked-object-update.json"), false),
        ("frigate/other", message("1.3-b", "A124BC69"), false),
    ];
    publish(box_.desk.broker_address, &told);
    box_.says("yard", "what was told", |said| {
        taken(said, 2) && said["left"] == json!({"feed-old": 2, "feed-no-plate": 1})
    });
}

/// Publishes messages and waits for the broker's word on each.
fn publish(broker: SocketAddr, messages: &[(&str, String, bool)]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut options = MqttOptions::new("frigate", broker.ip().to_string(), broker.port());
        options.set_keep_alive(Duration::from_secs(60));
        let (client, mut events) = AsyncClient::new(options, 16);
        for (topic, message, retain) in messages {
            client.try_publish(*topic, QoS::AtLeastOnce, *retain, message.clone()).unwrap();
        }
        let mut acknowledged = 0;
        while acknowledged < messages.len() {
            match events.poll().await {
                Ok(Event::Incoming(rumqttc::v5::mqttbytes::v5::Packet::PubAck(_))) => acknowledged += 1,
                Ok(_) => {}
                // Mosquitto may just be starting; what was queued is sent when it answers.
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    });
}
