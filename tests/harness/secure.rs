//! A region with locks: a Mosquitto with the settings that `broker setup` writes, HQ behind TLS, boxes that are enrolled.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use checkpointd::enrol::Certificate;
use checkpointd::identity::TlsKey;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Packet, PubAckReason};
use rumqttc::v5::{Connection, Event, MqttOptions};
use rumqttc::{TlsConfiguration, Transport};
use uplink::link::tls;
use wire::BoxId;

use crate::desk::{Broker, Desk, done};
use crate::post::{Post, Status};
use crate::process::Process;
use crate::{port, programs, wait};

/// How long a message of MQTT may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A region whose lines are all TLS.
pub struct Region {
    /// Its folder and programs.
    pub desk: Desk,
    https: SocketAddr,
}

/// A box of such a region.
pub struct Locked(pub Post);

impl std::ops::Deref for Locked {
    type Target = Post;

    fn deref(&self) -> &Post {
        &self.0
    }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

impl Region {
    /// Founds a region and sets up its broker; nothing runs yet.
    ///
    /// # Panics
    /// When a program refuses.
    pub fn founded() -> Self {
        let desk = Desk::founded(Broker::Mosquitto);
        let (broker, https) = (desk.broker_address, port::free());
        let file = desk.path("region/region.toml");
        let text = std::fs::read_to_string(&file).expect("HQ wrote region.toml");
        let addresses = format!(
            "[addresses]\nbroker = \"{broker}\"\nrelease = \"https://{https}/release\"\n\
             renewal = \"https://{https}/renew\"\n"
        );
        let text = text.replacen("[addresses]\n", &addresses, 1);
        std::fs::write(&file, text).expect("the desk can be written");
        let (host, port) = (broker.ip().to_string(), broker.port().to_string());
        desk.hq(&["broker", "setup", "region", "--out", "broker", "--host", &host, "--port", &port]);
        // Started by root it would become another user, who may not read here.
        let settings = desk.path("broker/mosquitto.conf");
        let text = std::fs::read_to_string(&settings).expect("HQ wrote the broker's settings");
        std::fs::write(&settings, text + "user root\n").expect("the desk can be written");
        desk.release();
        Self { desk, https }
    }

    /// Starts broker and HQ, and waits for HQ.
    pub fn start(&self) -> (Process, Process) {
        let broker = self.start_broker();
        let mut command = Command::new(programs::ours("checkpoint-hq"));
        let (http, https) = (self.desk.http.to_string(), self.https.to_string());
        let broker_address = self.desk.broker_address.to_string();
        command.args(["serve", "region", "--http", &http, "--https", &https, "--broker", &broker_address, "--tls"]);
        let hq = Process::start("hq", command.current_dir(self.desk.folder()), self.desk.folder());
        self.desk.wait_for_hq(&hq);
        (broker, hq)
    }

    /// Starts the broker and waits until it listens.
    ///
    /// # Panics
    /// When it does not.
    pub fn start_broker(&self) -> Process {
        let mut command = Command::new(programs::of_the_system("mosquitto", "mosquitto"));
        command.arg("-c").arg(self.desk.path("broker/mosquitto.conf"));
        let broker = Process::start("mosquitto", &mut command, self.desk.folder());
        wait::for_it("Mosquitto to listen", PATIENCE, &[&broker], || {
            std::net::TcpStream::connect(self.desk.broker_address).ok()
        });
        broker
    }

    /// A box that was provisioned and not enrolled.
    ///
    /// # Panics
    /// When a program refuses.
    pub fn post(&self, name: &str) -> Locked {
        let post = Post::prepared(&self.desk, name, &[]);
        post.configure(|settings| {
            let uplink = settings["uplink"].as_table_mut().expect("a table");
            uplink.insert("tls".to_owned(), true.into());
        });
        post.provision();
        Locked(post)
    }

    /// A box that was enrolled.
    ///
    /// # Panics
    /// When it was not.
    pub fn enrolled(&self, name: &str) -> Locked {
        let post = self.post(name);
        self.enrol(&post.request(), name);
        post.accept(&self.desk.path(&format!("{name}-answer/enrolment.mpe")));
        post
    }

    /// Lets HQ answer a request, into the folder `NAME-answer`; what it said.
    pub fn enrol(&self, request: &str, name: &str) -> String {
        self.desk.hq(&["box", "enrol", "region", "--request", request, "--out", &format!("{name}-answer"), "--yes"])
    }

    /// A certificate for the TLS key a box has, which counts from and to so many seconds from now, in PEM.
    ///
    /// # Panics
    /// When the authority refuses.
    pub fn issue_for(&self, post: &Locked, name: &BoxId, from: i64, to: i64) -> String {
        let key = TlsKey::open(&post.path("data")).expect("the box has a key");
        let authority = self.desk.books().authority(now()).expect("the region has an authority");
        let issued = authority.client(name, &key.public(), now() + from, now() + to).expect("it issues");
        Certificate::from_der(&issued.certificate).expect("it issues certificates").to_pem()
    }

    /// An address of HQ's server for boxes.
    pub fn https_url(&self, path: &str) -> String {
        format!("https://{}/{path}", self.https)
    }

    /// A client that believes the region's authority.
    ///
    /// # Panics
    /// When there is none.
    pub fn agent(&self) -> ureq::Agent {
        trust::agent(self.tls(None).expect("the authority's certificate can be used"), PATIENCE)
    }

    fn tls(&self, own: Option<(&[u8], &[u8])>) -> Result<Arc<rustls::ClientConfig>, String> {
        let authority = std::fs::read(self.desk.path("broker/ca.crt")).map_err(|error| error.to_string())?;
        tls::client(&authority, own, Arc::new(now)).map_err(|error| error.to_string())
    }
}

impl Locked {
    fn enrol(&self, verb: &str) -> Command {
        let mut command = Command::new(programs::ours("checkpointd"));
        command.args(["enrol", verb, "--config"]).arg(self.path("box.toml"));
        command
    }

    /// What it asks HQ while it is not enrolled.
    ///
    /// # Panics
    /// When it has no keys.
    pub fn request(&self) -> String {
        let said = done(&mut self.enrol("request"));
        said.lines().last().expect("it prints its request last").to_owned()
    }

    /// Takes HQ's answer.
    ///
    /// # Panics
    /// When it refuses it.
    pub fn accept(&self, answer: &Path) {
        done(self.enrol("accept").arg(answer));
    }

    /// Its battery is empty: at every start its clock stands at 1970.
    ///
    /// # Panics
    /// When the desk cannot be written.
    pub fn cold_clock(&self) {
        let file = self.path("desk.toml");
        let text = std::fs::read_to_string(&file).expect("the box has a board");
        let cold = text.replace("trust = \"ntp\"", "synchronised = \"never\"\nrtc = \"rtc\"");
        assert_ne!(cold, text, "the board has a clock");
        std::fs::write(&file, cold).expect("the desk can be written");
        std::fs::write(self.path("rtc"), "0\n").expect("the desk can be written");
    }

    /// Lets vehicles pass without end: so many that the box has forgotten the first when it comes again.
    pub fn traffic(&self, desk: &Desk) {
        for at in 0..8 {
            let pass = desk.issue("family", &[]);
            self.show(&format!("{at}.png"), &std::fs::read(pass.picture).expect("HQ drew it"));
        }
    }

    /// Waits for something about it.
    ///
    /// # Panics
    /// When it does not come.
    pub fn wait_for(&self, what: &str, programs: &[&Process], mut is_so: impl FnMut(&Status) -> bool) -> Status {
        let found = wait::until(what, PATIENCE, || self.status().ok().filter(|status| is_so(status)));
        found.unwrap_or_else(|why| {
            let words: String = programs.iter().map(|program| program.last_words()).collect();
            panic!("{why}\nthe box says {:?}{words}", self.status().map(|status| status.0))
        })
    }
}

/// What a broker makes of something that is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It took it.
    Taken,
    /// Whoever published it may not.
    NotAllowed,
}

/// Somebody at the region's broker.
pub struct Client {
    client: rumqttc::v5::Client,
    connection: Connection,
    seen: Vec<String>,
}

impl Client {
    /// With a certificate of its own, and under whatever name it gives itself; why the broker does not let it in.
    ///
    /// # Errors
    /// The broker's word, or the line's.
    pub fn connected(region: &Region, own: Option<(&[u8], &[u8])>, named: &str) -> Result<Self, String> {
        let at = region.desk.broker_address;
        let mut options = MqttOptions::new(named, at.ip().to_string(), at.port());
        options.set_keep_alive(Duration::from_secs(60)).set_clean_start(true);
        options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(region.tls(own)?)));
        let (client, connection) = rumqttc::v5::Client::new(options, 16);
        let mut client = Self { client, connection, seen: Vec::new() };
        loop {
            if let Packet::ConnAck(_) = client.packet()? {
                return Ok(client);
            }
        }
    }

    /// With what a box shows.
    ///
    /// # Errors
    /// The same.
    pub fn as_box(region: &Region, post: &Locked, named: &str) -> Result<Self, String> {
        let read = |name: &str| std::fs::read(post.path("data/tls").join(name)).map_err(|error| error.to_string());
        Self::connected(region, Some((&read("current.crt")?, &read("current.key")?)), named)
    }

    /// With what the collector shows.
    ///
    /// # Panics
    /// When the broker does not let it in.
    pub fn collector(region: &Region) -> Self {
        let authority = region.desk.books().authority(now()).expect("the region has an authority");
        let pair = authority.collector(now(), 3600).expect("it issues");
        let (certificate, key) = (pair.certificate_pem().expect("PEM"), pair.key_pem().expect("PEM"));
        Self::connected(region, Some((certificate.as_bytes(), key.as_bytes())), "hq").expect("the collector gets in")
    }

    /// The next packet that comes.
    fn packet(&mut self) -> Result<Packet, String> {
        loop {
            match self.connection.recv_timeout(PATIENCE) {
                Ok(Ok(Event::Incoming(packet))) => return Ok(packet),
                Ok(Ok(Event::Outgoing(_))) => {}
                Ok(Err(error)) => return Err(format!("{error:?}")),
                Err(error) => return Err(format!("{error:?}")),
            }
        }
    }

    /// Subscribes, whatever may be behind it.
    ///
    /// # Panics
    /// When the line breaks.
    pub fn subscribe(&mut self, filter: &str) {
        self.client.subscribe(filter, QoS::AtLeastOnce).expect("the client lives");
        while !matches!(self.packet().expect("the line holds"), Packet::SubAck(_)) {}
    }

    /// Publishes something; what the broker makes of it.
    ///
    /// # Panics
    /// When the line breaks.
    pub fn publish(&mut self, topic: &str) -> Told {
        self.client.publish(topic, QoS::AtLeastOnce, false, "x").expect("the client lives");
        loop {
            match self.packet().expect("the line holds") {
                Packet::PubAck(ack) if ack.reason == PubAckReason::NotAuthorized => return Told::NotAllowed,
                Packet::PubAck(_) => return Told::Taken,
                Packet::Publish(publish) => self.see(&publish.topic),
                _ => {}
            }
        }
    }

    fn see(&mut self, topic: &[u8]) {
        self.seen.push(String::from_utf8_lossy(topic).into_owned());
    }

    /// The topics of everything that came, when this one has come.
    ///
    /// # Panics
    /// When the line breaks.
    pub fn until(&mut self, topic: &str) -> Vec<String> {
        while !self.seen.iter().any(|seen| seen == topic) {
            if let Packet::Publish(publish) = self.packet().expect("the line holds") {
                self.see(&publish.topic);
            }
        }
        self.seen.clone()
    }
}
