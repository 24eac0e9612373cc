use rustls::pki_types::ServerName;
use rustls::{ClientConnection, ServerConfig, ServerConnection};
use wire::WallTime;

use super::*;
use crate::config::Config;
use crate::identity::TlsKey;

/// HQ's time when everything here is made. The system's is years ahead of it, so that whoever asked that one fails.
const NOW: i64 = 1_588_334_400;

const DAY: i64 = 86_400;

struct Desk {
    folder: tempfile::TempDir,
    region: hq::Region,
    config: Config,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let founding = hq::Founding {
            region: "RU-TVE".parse().unwrap(),
            name: "Тверь".to_owned(),
            territory: 69,
            utc_offset: "+03:00".to_owned(),
        };
        let region = hq::Region::create(&folder.path().join("tver"), &founding, "test", NOW).unwrap();
        std::fs::write(folder.path().join("root.1"), region.first_root().unwrap()).unwrap();
        let text = "region = \"RU-TVE\"\nname = \"post-1\"\ndata = \"box\"\nboard = \"desk.toml\"\nroot = \"root.1\"\n\
                    [uplink]\ntls = true\n";
        std::fs::write(folder.path().join("box.toml"), text).unwrap();
        let config = Config::load(&folder.path().join("box.toml")).unwrap();
        crate::provision(&config).unwrap();
        Self { folder, region, config }
    }

    fn enrolled(&self) -> Enrolled {
        let store = trust::Store::open(&self.config.data.join("trust")).unwrap();
        let request = crate::enrol::request(&self.config, &store).unwrap();
        let asked = self.region.asked(request.as_bytes(), true).unwrap();
        let at = hq::Addresses {
            broker: Some("hq.example:8883".to_owned()),
            release: Some("https://hq.example/release".to_owned()),
            renewal: Some("https://hq.example/renew".to_owned()),
        };
        let answer = self.region.enrol(&asked, &at, 400 * DAY, "test", NOW).unwrap();
        let time = WallTime::from_unix(0, wire::ClockTrust::None);
        crate::enrol::accept(&self.config, &answer.bundle, store.root(), store.floor(), time).unwrap()
    }

    /// The certificates of a box whose clocks say nothing.
    fn certificates(&self, enrolled: &Enrolled) -> Arc<Certificates> {
        let clock = Arc::new(Clock::new(Arc::new(board::SystemClock::new(board::Claim::None)), 0, None));
        let names = (self.config.region.clone(), self.config.name.clone());
        let identity = Identity::open(&self.config.data).unwrap();
        Arc::new(Certificates::open(enrolled.clone(), identity, names, clock).unwrap())
    }

    /// A certificate of the region for a key.
    fn issue(&self, name: &str, key: &TlsKey, from: i64, to: i64) -> Certificate {
        let issued = self.region.authority(NOW).unwrap().client(&name.parse().unwrap(), &key.public(), from, to);
        Certificate::from_der(&issued.unwrap().certificate).unwrap()
    }

    fn pair(&self, from: i64, to: i64) -> Pair {
        let key = TlsKey::draw().unwrap();
        Pair { certificate: self.issue("post-1", &key, from, to), key: key.to_pem().unwrap() }
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.config.data.join("tls").join(name)
    }
}

/// A handshake in memory.
fn shake(client: Arc<ClientConfig>, server: Arc<ServerConfig>, host: &str) -> Result<(), rustls::Error> {
    let mut client = ClientConnection::new(client, ServerName::try_from(host.to_owned()).unwrap())?;
    let mut server = ServerConnection::new(server)?;
    while client.is_handshaking() || server.is_handshaking() {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        let mut sent = &bytes[..];
        while !sent.is_empty() {
            server.read_tls(&mut sent).unwrap();
            server.process_new_packets()?;
        }
        let mut bytes = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        let mut sent = &bytes[..];
        while !sent.is_empty() {
            client.read_tls(&mut sent).unwrap();
            client.process_new_packets()?;
        }
    }
    Ok(())
}

#[test]
fn certificates_are_judged_by_what_hq_has_signed_and_not_by_the_systems_clock() {
    let desk = Desk::new();
    let enrolled = desk.enrolled();
    let certificates = desk.certificates(&enrolled);
    assert_eq!(certificates.now(), NOW, "a box without any clock knows when it was enrolled");
    let authority = std::fs::read(&enrolled.tls().authorities).unwrap();
    let server = hq::tls::server(&desk.region, &["hq.example".to_owned()], NOW + DAY).unwrap();
    let at = |now: i64| tls::client(&authority, None, Arc::new(move || now)).unwrap();
    let own = tls::client(&authority, None, certificates.clock()).unwrap();
    // Younger than anything the box knows of the time, and taken all the same.
    shake(own, server.clone(), "hq.example").unwrap();
    for wrong in [0, NOW + 6 * 365 * DAY] {
        assert!(shake(at(wrong), server.clone(), "hq.example").is_err(), "{wrong}");
    }
    assert!(shake(at(NOW), server.clone(), "other.example").is_err(), "another name");
    let stranger = Desk::new();
    let strange = hq::tls::server(&stranger.region, &["hq.example".to_owned()], NOW).unwrap();
    assert!(shake(at(NOW), strange, "hq.example").is_err(), "another authority");
}

#[test]
fn a_certificate_is_renewed_when_two_thirds_are_over_or_it_ran_out_or_is_refused() {
    let desk = Desk::new();
    let certificates = desk.certificates(&desk.enrolled());
    let is_due = |day: i64| certificates.state().is_due(NOW + day * DAY);
    assert_eq!([0, 266, 290, 401].map(is_due), [false, false, true, true]);
    let mut shown = ToBroker(certificates.clone());
    shown.next().unwrap();
    shown.refused("connection refused");
    assert!(!is_due(0), "a line that breaks says nothing");
    shown.refused("received fatal alert: CertificateExpired");
    assert!(is_due(0));
    shown.accepted();
    assert!(!is_due(0));
}

#[test]
fn the_next_one_takes_its_place_when_the_broker_has_accepted_it() {
    let desk = Desk::new();
    let enrolled = desk.enrolled();
    let certificates = desk.certificates(&enrolled);
    let next = desk.pair(NOW + DAY, NOW + 401 * DAY);
    let serial = next.certificate.serial().to_vec();
    certificates.state().wallet.keep_next(next).unwrap();
    assert_eq!(certificates.standing().renewal, Renewal::Next);
    let mut shown = ToBroker(certificates.clone());
    // In turn, while neither is taken.
    let mut shows_next = || {
        shown.next().unwrap();
        let is_next = certificates.state().shows_next;
        shown.refused("connection reset");
        is_next
    };
    assert_eq!([shows_next(), shows_next(), shows_next()], [true, false, true]);
    // Through a restart, too.
    let again = desk.certificates(&enrolled);
    let mut shown = ToBroker(again.clone());
    shown.next().unwrap();
    shown.accepted();
    assert_eq!(again.standing().renewal, Renewal::Rests);
    assert!(!desk.file("next.crt").exists() && !desk.file("next.key").exists());
    assert_eq!(enrolled.certificate().unwrap().serial(), serial);
    assert!(enrolled.certificate().unwrap().is_for(&TlsKey::open(&desk.config.data).unwrap().public()));
}

#[test]
fn a_power_cut_between_key_and_certificate_leaves_a_pair_that_fits() {
    let desk = Desk::new();
    let enrolled = desk.enrolled();
    let mut wallet = Wallet::open(enrolled.tls()).unwrap();
    let fits = || {
        let wallet = Wallet::open(enrolled.tls()).unwrap();
        let fits = |pair: &Pair| {
            let (certificate, key) = (pair.certificate.to_pem(), pair.key.clone());
            let authority = std::fs::read(&enrolled.tls().authorities).unwrap();
            tls::client(&authority, Some((certificate.as_bytes(), key.as_bytes())), Arc::new(|| NOW)).is_ok()
        };
        (fits(&wallet.current), wallet.next.as_ref().map(fits))
    };
    wallet.keep_next(desk.pair(NOW, NOW + 400 * DAY)).unwrap();
    assert_eq!(fits(), (true, Some(true)));
    // The key was written, and the answer not.
    let certificate = std::fs::read(desk.file("next.crt")).unwrap();
    std::fs::remove_file(desk.file("next.crt")).unwrap();
    assert_eq!(fits(), (true, None));
    // The key has taken its place, and the certificate not yet.
    std::fs::write(desk.file("next.crt"), certificate).unwrap();
    std::fs::rename(desk.file("next.key"), desk.file("current.key")).unwrap();
    assert_eq!(fits(), (true, None));
    assert!(!desk.file("next.crt").exists());
}

#[test]
fn an_answer_that_is_not_for_the_new_key_of_this_box_is_not_kept() {
    let desk = Desk::new();
    let enrolled = desk.enrolled();
    let (region, name) = (&desk.config.region, &desk.config.name);
    let identity = &Identity::open(&desk.config.data).unwrap();
    let asked = ask::Asked { region, name, identity };
    let authorities = Certificate::all_from_pem(&std::fs::read(&enrolled.tls().authorities).unwrap()).unwrap();
    let check = |certificate: Certificate, key: TlsKey| {
        let answer = ask::Answer { certificate: certificate.to_der().to_vec(), key };
        asked.check(answer, &authorities, NOW).map(drop).map_err(|trouble| trouble.code())
    };
    let key = || TlsKey::draw().unwrap();
    let with = |name: &str, to: i64| {
        let key = key();
        (desk.issue(name, &key, NOW, to), key)
    };
    let (good, own) = with("post-1", NOW + DAY);
    assert_eq!(check(good.clone(), own), Ok(()));
    assert_eq!(check(good, key()), Err("renewal-answer"), "another key");
    let (others, own) = with("post-2", NOW + DAY);
    assert_eq!(check(others, own), Err("renewal-answer"), "another box");
    let (old, own) = with("post-1", NOW);
    assert_eq!(check(old, own), Err("renewal-answer"), "it has run out");
    let stranger = Desk::new();
    let own = key();
    assert_eq!(check(stranger.issue("post-1", &own, NOW, NOW + DAY), own), Err("renewal-answer"), "another authority");
    drop(desk.folder);
}
