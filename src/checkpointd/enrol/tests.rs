use std::collections::BTreeMap;
use std::path::Path;

use trust::Store;
use trust::format::SignedRoot;
use wire::enrol::{Bundle, Request, Secrets, from_text};
use wire::{ClockTrust, WallTime};

use super::*;
use crate::config::Config;

mod carriers;
mod hq;

use hq::{BEGIN, Hq, PEPPER, seal};

/// A box that was provisioned and asks to be enrolled.
struct Box {
    folder: tempfile::TempDir,
    config: Config,
    store: Store,
}

impl Box {
    fn new(hq: &Hq, name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("root.1"), &hq.root).unwrap();
        let text = format!(
            "region = \"{}\"\nname = {name:?}\ndata = \"data\"\nboard = \"desk.toml\"\nroot = \"root.1\"\n\
             [trust]\nmedia = \"media\"\n[uplink]\ntls = true\n",
            hq.region
        );
        std::fs::write(path("box.toml"), text).unwrap();
        let config = Config::load(&path("box.toml")).unwrap();
        crate::provision(&config).unwrap();
        let store = Store::open(&config.data.join("trust")).unwrap();
        Self { config, store, folder }
    }

    fn request(&self) -> Request {
        let text = request(&self.config, &self.store).unwrap();
        Request::verify(&from_text(&text).unwrap()).unwrap()
    }

    fn accept(&self, answer: &[u8]) -> Result<Enrolled, Refused> {
        self.accept_at(answer, 0, now(0, ClockTrust::None))
    }

    fn accept_at(&self, answer: &[u8], floor: i64, now: WallTime) -> Result<Enrolled, Refused> {
        accept(&self.config, answer, self.store.root(), floor, now)
    }

    fn is_enrolled(&self) -> bool {
        Enrolled::open(&self.config.data).unwrap().is_some()
    }
}

fn now(at: i64, trust: ClockTrust) -> WallTime {
    WallTime::from_unix(at, trust)
}

fn tver() -> Hq {
    Hq::new("RU-TVE", 40)
}

/// Every file of a folder.
fn files(folder: &Path) -> BTreeMap<std::path::PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(files(&entry));
        } else {
            found.insert(entry.clone(), std::fs::read(&entry).unwrap());
        }
    }
    found
}

#[test]
fn a_box_asks_is_answered_and_knows_its_headquarters() {
    let hq = tver();
    let post = Box::new(&hq, "m10-km178");
    assert!(waits(&post.config) && !post.is_enrolled());
    let asked = post.request();
    assert_eq!(asked, post.request(), "a request stays what it is, also through a restart");
    assert_eq!(asked.root, <[u8; 32]>::from(<sha2::Sha256 as sha2::Digest>::digest(&hq.root)));
    let enrolled = post.accept(&hq.signed(&hq.answer(&asked))).unwrap();
    assert_eq!(enrolled.broker(), Some("hq.example:8883"));
    assert_eq!(enrolled.certificate().unwrap().not_after(), BEGIN + 400 * 86_400);
    let pepper = trust::register::Pepper::open(&post.config.data.join(crate::PEPPER)).unwrap();
    assert!(pepper.line().contains(&trust::format::hex(&PEPPER)));
    assert!(!waits(&post.config) && post.is_enrolled());
    // What the configuration does not name comes from HQ, and the region's authority vouches for it.
    let (config, again) = complete(&post.config).unwrap();
    assert_eq!(config.uplink.broker.as_deref(), again.unwrap().broker());
    assert_eq!(config.trust.http.as_deref(), Some("https://hq.example/release"));
    assert_eq!(config.trust.ca.as_ref(), Some(&enrolled.tls().authorities));
    let mut named = post.config.clone();
    named.uplink.broker = Some("other.example:1".to_owned());
    named.trust.http = Some("http://other.example".to_owned());
    assert_eq!(complete(&named).unwrap().0, named);
    // No secret of the region lies open but in its own file.
    for (path, bytes) in files(&post.config.data).into_iter().filter(|(path, _)| !path.ends_with(crate::PEPPER)) {
        assert!(!bytes.windows(32).any(|part| part == PEPPER), "{path:?}");
    }
}

#[test]
fn an_answer_is_taken_once_and_never_after_another_request() {
    let hq = tver();
    let post = Box::new(&hq, "m10-km178");
    let first = hq.signed(&hq.answer(&post.request()));
    post.accept(&first).unwrap();
    assert!(matches!(post.accept(&first), Err(Refused::Replayed)));
    // The box asks anew: the old answer does not answer that.
    let again = post.request();
    assert!(matches!(post.accept(&first), Err(Refused::Replayed)));
    let later = Bundle { broker: Some("new.example:8883".to_owned()), issued: BEGIN + 5, ..hq.answer(&again) };
    assert_eq!(post.accept(&hq.signed(&later)).unwrap().broker(), Some("new.example:8883"));
    assert!(matches!(post.accept(&hq.signed(&later)), Err(Refused::Replayed)));
}

#[test]
fn whatever_is_not_for_this_box_is_refused_with_its_own_code_and_changes_nothing() {
    let (hq, other) = (tver(), Hq::new("RU-TVE", 90));
    let post = Box::new(&hq, "m10-km178");
    let asked = post.request();
    let good = hq.answer(&asked);
    let neighbour = Box::new(&hq, "a112-km24").request();
    let named = |name: &str| hq.client(name, &asked.tls, BEGIN + 86_400);
    let cases = [
        ("enrol-damaged", b"MPE1:???".to_vec()),
        ("enrol-damaged", request(&post.config, &post.store).unwrap().into_bytes()),
        ("enrol-other-root", other.signed(&good)),
        (
            "enrol-other-region",
            Hq::new("RU-KOS", 90).signed(&Bundle { region: "RU-KOS".parse().unwrap(), ..good.clone() }),
        ),
        ("enrol-other-region", hq.signed(&Bundle { region: "RU-KOS".parse().unwrap(), ..good.clone() })),
        ("enrol-other-box", hq.signed(&hq.answer(&neighbour))),
        // Its name alone does not make it this box.
        ("enrol-other-box", hq.signed(&Bundle { signing: neighbour.signing, ..good.clone() })),
        ("enrol-replayed", hq.signed(&Bundle { nonce: [1; 16], ..good.clone() })),
        ("enrol-certificate", hq.signed(&Bundle { certificate: vec![0x30; 300], ..good.clone() })),
        ("enrol-certificate", hq.signed(&Bundle { certificate: hq.answer(&neighbour).certificate, ..good.clone() })),
        ("enrol-certificate", hq.signed(&Bundle { certificate: named("a112-km24"), ..good.clone() })),
        ("enrol-authority", hq.signed(&Bundle { authorities: vec![other.authority().into()], ..good.clone() })),
        ("enrol-authority", hq.signed(&Bundle { authorities: vec![vec![1, 2].into()], ..good.clone() })),
        (
            "enrol-authority",
            hq.signed(&Bundle { authorities: vec![hq.authority().into(), named("x").into()], ..good.clone() }),
        ),
        (
            "enrol-secrets",
            hq.signed(&Bundle { secrets: seal(&asked, &neighbour.receive, &Secrets::default()), ..good.clone() }),
        ),
        ("enrol-secrets", hq.signed(&Bundle { secrets: vec![], ..good.clone() })),
        // Before the command key counted.
        ("enrol-other-root", hq.signed(&Bundle { issued: BEGIN - 200, ..good.clone() })),
    ];
    let before = files(&post.config.data);
    for (code, answer) in cases {
        let refused = post.accept(&answer).unwrap_err();
        assert_eq!(refused.code(), code, "{refused}");
    }
    let mut after = files(&post.config.data);
    after.remove(&post.config.data.join(name::LOCK));
    assert!(before == after, "a refusal has changed something");
    post.accept(&hq.signed(&good)).unwrap();
}

#[test]
fn a_certificate_that_ran_out_is_refused_by_the_floor_or_a_sound_clock_and_by_no_other() {
    let hq = tver();
    let post = Box::new(&hq, "m10-km178");
    let answer = hq.signed(&hq.answer(&post.request()));
    let late = BEGIN + 500 * 86_400;
    assert!(matches!(post.accept_at(&answer, late, now(0, ClockTrust::None)), Err(Refused::TooOld)));
    assert!(matches!(post.accept_at(&answer, 0, now(late, ClockTrust::Rtc)), Err(Refused::TooOld)));
    // A clock of which nobody knows anything locks nobody out.
    post.accept_at(&answer, 0, now(late, ClockTrust::None)).unwrap();
}

#[test]
fn no_bit_of_an_answer_can_be_changed() {
    let hq = tver();
    let post = Box::new(&hq, "m10-km178");
    let answer = hq.signed(&hq.answer(&post.request()));
    let root = post.store.root();
    assert!(accept::verified(&answer, root).is_ok());
    for bit in 0..answer.len() * 8 {
        let mut flipped = answer.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(accept::verified(&flipped, root).is_err(), "bit {bit}");
    }
    // And the whole way, for some of them.
    for bit in (0..answer.len() * 8).step_by(211) {
        let mut flipped = answer.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(post.accept(&flipped).is_err(), "bit {bit}");
    }
    assert!(!post.is_enrolled());
    post.accept(&answer).unwrap();
}

#[test]
fn wherever_the_power_goes_the_box_has_the_old_state_or_goes_on_to_the_new_one() {
    let hq = tver();
    let post = Box::new(&hq, "m10-km178");
    post.accept(&hq.signed(&hq.answer(&post.request()))).unwrap();
    let data = post.config.data.clone();
    let asked = post.request();
    let before = files(&data);
    // A renewal was under way.
    std::fs::write(data.join("tls/next.crt"), "half").unwrap();
    let bundle = Bundle { broker: Some("new.example:8883".to_owned()), issued: BEGIN + 5, ..hq.answer(&asked) };
    let cose = hq.signed(&bundle);
    let receive = crate::identity::Receive::open(&data).unwrap();
    let (mut steps, mut old, mut new) = (0, 0, 0);
    loop {
        for (path, bytes) in &before {
            std::fs::write(path, bytes).unwrap();
        }
        let disk = keep::Disk::new();
        disk.steps_left.set(Some(steps));
        let ended = keep::take(&disk, &data, &cose, &bundle, &receive);
        // The box starts again.
        let enrolled = Enrolled::open(&data).unwrap().unwrap();
        let certificate = enrolled.certificate().unwrap();
        assert!(certificate.is_for(&asked.tls), "step {steps}");
        assert!(crate::identity::Keys::open_or_create(&data).unwrap().tls.public() == asked.tls);
        match enrolled.broker() {
            Some("hq.example:8883") => {
                old += 1;
                assert!(ended.is_err(), "step {steps}: it was said to be done");
                // It can be shown once more.
                assert_eq!(post.request(), asked);
                post.accept(&cose).unwrap();
            }
            _ => new += 1,
        }
        assert_eq!(Enrolled::open(&data).unwrap().unwrap().broker(), Some("new.example:8883"), "step {steps}");
        assert!(matches!(post.accept(&cose), Err(Refused::Replayed)), "step {steps}");
        assert!(!data.join(name::DUE).exists() && !data.join("tls/next.crt").exists());
        if ended.is_ok() {
            break;
        }
        steps += 1;
    }
    println!("measured: enrolment, power cuts tried: {steps}, old state {old}, new state {new}");
    assert!(steps > 20 && old > 2 && new > 10, "{steps} {old} {new}");
}

#[test]
fn an_enrolment_that_rots_closes_no_road() {
    let hq = tver();
    let post = Box::new(&hq, "m10-km178");
    post.accept(&hq.signed(&hq.answer(&post.request()))).unwrap();
    std::fs::write(post.config.data.join(name::ENROLMENT), b"rot").unwrap();
    assert!(!waits(&post.config));
    let (config, enrolled) = complete(&post.config).unwrap();
    assert!(enrolled.is_none() && config.uplink.broker.is_none());
    // And it can be enrolled anew.
    let answer = hq.signed(&hq.answer(&post.request()));
    post.accept(&answer).unwrap();
    assert!(post.is_enrolled());
}

#[test]
fn the_fingerprint_is_that_of_the_first_root_whatever_came_after() {
    let hq = tver();
    let post = Box::new(&hq, "m10-km178");
    let print = fingerprint(&post.config.data, &post.store).unwrap();
    assert_eq!(print, post.request().root);
    assert_eq!(std::fs::read(post.config.data.join(name::ROOT)).unwrap(), hq.root);
    assert_eq!(SignedRoot::parse(&hq.root).unwrap().root().unwrap().region, hq.region);
    // The image is changed later: what counts is what the box was provisioned with.
    std::fs::write(&post.config.root, Hq::new("RU-TVE", 90).root).unwrap();
    assert_eq!(fingerprint(&post.config.data, &post.store).unwrap(), print);
    assert!(matches!(crate::provision(&post.config), Err(crate::Error::Trust(trust::Error::AlreadyProvisioned))));
    assert_eq!(fingerprint(&post.config.data, &post.store).unwrap(), print);
}
