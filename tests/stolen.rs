//! What a thief gets: of a card, of a box that runs, and by writing the journal anew with the box's own key.
//!
//! The threat model (`docs/threat-model.md`) says what must hold; here it is tried with what is really on the disk and
//! in the memory.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, Nonce};
use checkpoint_tests::desk::{Broker, Desk};
use checkpoint_tests::post::Post;
use checkpoint_tests::{measured, programs, scribe, wait};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use hq::ledger::{Accepted, Ledger};
use hq::open::{Crossings, Filter, Opener};
use journal::chain::{self, Author};
use journal::{Checkpoint, Journal, MAC_KEY, Opening, Place, ROW_KEY, aad, nonce};
use sha2::{Digest as _, Sha256};
use wire::entry::Crossing;
use wire::row::{Batch, Row, RowKind};
use wire::sign::Context;
use x25519_dalek::{PublicKey, StaticSecret};

/// How long a program may take. Machines that build meanwhile are slow.
const PATIENCE: Duration = Duration::from_secs(90);

// ---- a card ----

/// Everything that lies in the data folder of a box, by its path there.
type Card = BTreeMap<String, Vec<u8>>;

#[test]
fn a_stolen_card_tells_nothing_of_past_crossings() {
    let desk = Desk::founded(Broker::Embedded);
    let passes = [desk.issue("work", &["А123ВС69"]), desk.issue("family", &[]), desk.issue("official", &["К456ММ77"])];
    // Revoked, so that the box knows this id beforehand: published knowledge, and a crossing all the same.
    desk.hq(&["revoke", "region", "--id", &passes[1].id]);
    desk.release();
    let post = Post::provisioned(&desk, "m10-km178");
    let hq = desk.start_hq();
    desk.wait_for_hq(&hq);
    // Once for the release, and once for the passes: what HQ publishes is compared between the two.
    let running = post.start();
    wait::for_it("the box to know of releases", PATIENCE, &[&hq, &running], || {
        let known = trust::Store::open(&copied(&post.trust(), &desk.path("looked"))).ok()?;
        post.status().ok().filter(|status| status.settled() > 0 && known.current().is_some())
    });
    assert!(running.end(PATIENCE).success());
    let knew = card(&post.trust());
    let running = post.start();
    let found = || Crossings::open(&desk.books().crossings_path()).ok()?.crossings(&Filter::default(), 100).ok();
    let mut crossings: Vec<Crossing> = Vec::new();
    for pass in &passes {
        // One after the other, as cars come.
        let picture = format!("{}.png", pass.id);
        post.show(&picture, &fs::read(&pass.picture).unwrap());
        crossings = wait::for_it("the pass at HQ", PATIENCE, &[&hq, &running], || {
            let found: Vec<_> = found()?.into_iter().map(|record| record.crossing).collect();
            let is_this = |id: &Vec<u8>| pass.id == id.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            found.iter().filter_map(|crossing| crossing.pass_id.as_ref()).any(is_this).then_some(found)
        });
        post.take_away(&picture);
    }
    // As it lies in the card of a box whose plug was pulled: the log beside the database.
    running.kill();
    let knows = card(&post.trust());
    assert_eq!(knew.keys().collect::<Vec<_>>(), knows.keys().collect::<Vec<_>>());
    assert!(knew == knows, "what HQ publishes is no diary: the crossings left it as it was");

    let card: Card = card(&post.path("data")).into_iter().filter(|(name, _)| !name.starts_with("trust/")).collect();
    assert!(card.contains_key("identity.key") && card.contains_key("journal.db"), "{:?}", card.keys());
    let told = said(&crossings);
    assert_eq!(readable(&card, &told), Vec::<String>::new(), "read on the card");
    let rows = scribe::rows(&post.journal());
    let author = Author { region: desk.region(), name: post.name.clone(), key: key_of(&card) };
    let tried = keys_on(&card, &rows, &author).unwrap_or_else(|file| panic!("{file} opens the journal"));

    // Both searches find what is there.
    let mut bad = card.clone();
    bad.insert("plain".into(), [b"...", crossings[0].pass_id.as_deref().unwrap()].concat());
    assert_eq!(readable(&bad, &told).len(), 1);
    let mut bad = card.clone();
    bad.insert("key".into(), [&[1; 9], &desk.books().sealing_key().secret()[..]].concat());
    assert!(keys_on(&bad, &rows, &author).is_err());
    measured(&format!(
        "a stolen card: {} files, {} bytes, {} crossings in {} rows; {} values and keyed hashes of them sought and 0 \
         found, {tried} windows tried as a private key, as a row's key and as a MAC's, and none opens or rewrites a row; \
         passes known to be used inside an open window: none (uses are not kept on the disk)",
        card.len(),
        card.values().map(Vec::len).sum::<usize>(),
        crossings.len(),
        rows.len(),
        told.len()
    ));
}

/// Every file below a folder.
fn card(folder: &Path) -> Card {
    let name = |path: &Path| path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
    programs::files(folder).into_iter().map(|path| (name(&path), fs::read(&path).unwrap_or_default())).collect()
}

/// A copy of a folder, for looking into what a running box holds open.
fn copied(folder: &Path, to: &Path) -> std::path::PathBuf {
    let _ = fs::remove_dir_all(to);
    for (name, bytes) in card(folder) {
        let path = to.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    to.to_owned()
}

fn key_of(card: &Card) -> ed25519_dalek::VerifyingKey {
    let seed: [u8; 32] = card["identity.key"][..].try_into().unwrap();
    ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key()
}

/// What the crossings tell, each as it may stand somewhere: as bytes, as text, in digits.
fn said(crossings: &[Crossing]) -> HashMap<Vec<u8>, String> {
    let mut told = HashMap::new();
    let mut tell = |bytes: &[u8], what: &str| {
        // Shorter ones stand anywhere by chance.
        if bytes.len() >= 6 {
            told.insert(bytes.to_vec(), what.to_owned());
        }
    };
    for crossing in crossings {
        tell(&crossing.id, "the crossing's number");
        tell(&crossing.at.unix_ms.to_be_bytes(), "its time");
        tell(&crossing.at.unix_ms.to_le_bytes(), "its time");
        if let Some(id) = &crossing.pass_id {
            let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
            tell(id, "the pass");
            tell(hex.as_bytes(), "the pass in digits");
        }
        for plate in [&crossing.plate_seen, &crossing.plate_bound].into_iter().flatten() {
            tell(plate.as_bytes(), "the plate");
            let wide: Vec<u8> = plate.encode_utf16().flat_map(u16::to_le_bytes).collect();
            tell(&wide, "the plate, wide");
        }
    }
    told
}

/// What can be read on a card: the values, and what a thief can compute of them with every secret there.
fn readable(card: &Card, told: &HashMap<Vec<u8>, String>) -> Vec<String> {
    let secrets: Vec<&[u8]> = card.iter().filter(|(name, _)| name.ends_with(".key")).map(|(_, key)| &key[..]).collect();
    let mut sought = told.clone();
    for (value, what) in told {
        let mut hash = |digest: &[u8]| drop(sought.insert(digest[..8].to_vec(), format!("a hash of {what}")));
        hash(&Sha256::digest(value));
        for secret in &secrets {
            hash(&Sha256::new_with_prefix(secret).chain_update(value).finalize());
            hash(
                &<Hmac<Sha256> as hmac::Mac>::new_from_slice(secret)
                    .unwrap()
                    .chain_update(value)
                    .finalize()
                    .into_bytes(),
            );
        }
    }
    let lengths: HashSet<usize> = sought.keys().map(Vec::len).collect();
    let starts: HashSet<[u8; 2]> = sought.keys().map(|value| [value[0], value[1]]).collect();
    let mut found = Vec::new();
    for (name, bytes) in card {
        for at in (0..bytes.len().saturating_sub(1)).filter(|at| starts.contains(&bytes[*at..*at + 2])) {
            for length in &lengths {
                if let Some(what) = bytes.get(at..at + length).and_then(|window| sought.get(window)) {
                    found.push(format!("{what} in {name} at {at}"));
                }
            }
        }
    }
    found
}

/// Tries every 32 bytes on the card as any key there could be: HQ's private key or an encapsulation's, a row's, a MAC's.
/// How many were tried, or the file in which one fits.
fn keys_on(card: &Card, rows: &[Row], author: &Author) -> Result<usize, String> {
    let openings: Vec<_> = rows.iter().filter_map(|row| Opening::verified(row, author)).collect();
    assert!(!openings.is_empty());
    let public: HashSet<[u8; 32]> = openings.iter().flat_map(|one| [one.sealed_to, one.encapsulated]).collect();
    // Of each epoch its first entry, with what stands before it.
    let first = rows.windows(2).filter(|pair| pair[0].kind == RowKind::Opening && pair[1].kind == RowKind::Entry);
    let first: Vec<_> = first.map(|pair| (&pair[1], aad(pair[1].sequence, &pair[0].chain))).collect();
    assert!(!first.is_empty());
    let mut tried = HashSet::new();
    for (name, bytes) in card {
        for window in bytes.windows(32) {
            // Keys are random: 32 bytes with fewer different ones than this are none.
            if window.iter().collect::<HashSet<_>>().len() < 16 {
                continue;
            }
            let key: [u8; 32] = window.try_into().unwrap();
            if !tried.insert(key) {
                continue;
            }
            let opens = first.iter().any(|(row, aad)| {
                let cipher = ChaCha20Poly1305::new(&key.into());
                cipher.decrypt(&Nonce::from(nonce(row.sequence)), Payload { msg: &row.body, aad }).is_ok()
            });
            let rewrites = first.iter().any(|(row, _)| chain::mac(&key, &row.chain) == row.mac);
            if opens || rewrites || public.contains(&scribe::public(&key)) {
                return Err(name.clone());
            }
        }
    }
    Ok(tried.len())
}

// ---- a box that runs ----

#[test]
fn a_stolen_running_box_gives_its_open_epoch_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut writer = Command::new(env!("CARGO_BIN_EXE_journal-writer"))
        .arg(&path)
        // An epoch ends after a thousand entries.
        .args(["50x20", "100x10", "30x1", "wait"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "WAITING"));
    let memory = memory_of(writer.id());
    drop(writer.stdin.take());
    assert!(writer.wait().unwrap().success());

    let rows = scribe::rows(&path);
    // What was signed at the end came after the picture of the memory was taken.
    let epochs: Vec<Keys> =
        rows.iter().filter_map(|row| Opening::verified(row, &scribe::author())).map(Keys::of).collect();
    assert_eq!(epochs.len(), 3);
    let (open, closed) = epochs.split_last().unwrap();
    let mut gone: HashMap<[u8; 32], String> = HashMap::new();
    let mut next = [0; 32];
    for (number, keys) in epochs.iter().enumerate() {
        let of = |what: &str| format!("{what} of epoch {}", number + 1);
        for (secret, what) in keys.once() {
            gone.insert(secret, of(what));
        }
        next = keys.mac;
        for row in rows.iter().filter(|row| row.epoch == keys.epoch) {
            assert_eq!(chain::mac(&next, &row.chain), row.mac, "the keys are computed as the box does");
            gone.insert(next, of(&format!("the MAC key of row {}", row.sequence)));
            next = chain::next_mac_key(&next);
        }
    }
    closed
        .iter()
        .enumerate()
        .for_each(|(at, keys)| drop(gone.insert(keys.rows, format!("the row key of epoch {}", at + 1))));
    let left: Vec<_> = found_in(&memory, &gone.keys().copied().collect()).iter().map(|key| gone[key].clone()).collect();
    // The other way round: the search finds what a thief of a running box has.
    let here = found_in(&memory, &HashSet::from([open.rows, next]));
    assert_eq!(here, HashSet::from([open.rows, next]), "the open epoch's key and the next MAC's are in the memory");
    assert!(left.is_empty(), "left in the memory: {left:?}");
    measured(&format!(
        "a stolen running box: {} bytes of memory; the open epoch's row key and its next MAC key found, of {} keys of \
         closed epochs, earlier rows and encapsulations none",
        memory.iter().map(Vec::len).sum::<usize>(),
        gone.len()
    ));
}

/// Everything an own child process has in its memory.
fn memory_of(process: u32) -> Vec<Vec<u8>> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let memory = File::open(format!("/proc/{process}/mem")).unwrap();
    let regions = maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|rights| rights.starts_with("rw")));
    let regions = regions.filter_map(|line| {
        let (from, to) = line.split(' ').next()?.split_once('-')?;
        let [from, to] = [from, to].map(|address| u64::from_str_radix(address, 16).unwrap());
        let mut bytes = vec![0; (to - from) as usize];
        memory.read_exact_at(&mut bytes, from).ok()?;
        Some(bytes)
    });
    regions.collect()
}

/// Which of these stand somewhere in the memory.
fn found_in(memory: &[Vec<u8>], keys: &HashSet<[u8; 32]>) -> HashSet<[u8; 32]> {
    let mut starts = vec![false; 1 << 16];
    keys.iter().for_each(|key| starts[usize::from(u16::from_be_bytes([key[0], key[1]]))] = true);
    let windows = memory.iter().flat_map(|region| region.windows(32));
    windows
        .filter(|window| starts[usize::from(u16::from_be_bytes([window[0], window[1]]))])
        .filter_map(|window| keys.get(window).copied())
        .collect()
}

/// What HQ can compute of an epoch with its private key, step by step (RFC 9180 §4.1, §5.1, §5.3).
struct Keys {
    epoch: wire::row::EpochId,
    agreed: [u8; 32],
    shared: [u8; 32],
    secret: [u8; 32],
    key: [u8; 32],
    exporter: [u8; 32],
    rows: [u8; 32],
    mac: [u8; 32],
}

impl Keys {
    fn of(opening: Opening) -> Self {
        let kem = [&b"KEM"[..], &[0, 0x20]].concat();
        let suite = [&b"HPKE"[..], &[0, 0x20, 0, 1, 0, 3]].concat();
        let agreed =
            StaticSecret::from(scribe::SEALING).diffie_hellman(&PublicKey::from(opening.encapsulated)).to_bytes();
        let both = [opening.encapsulated, opening.sealed_to].concat();
        let shared = expand(&kem, &extract(&kem, &[], "eae_prk", &agreed), "shared_secret", &both);
        let author = scribe::author();
        let info = journal::info(&author.region, &author.name, &opening.epoch, &opening.sealed_to);
        let hash = |label, ikm: &[u8]| extract(&suite, &[], label, ikm);
        let context = [&[0][..], &hash("psk_id_hash", &[]), &hash("info_hash", &info)].concat();
        let secret = extract(&suite, &shared, "secret", &[]);
        let key = expand(&suite, &secret, "key", &context);
        let exporter = expand(&suite, &secret, "exp", &context);
        let rows = expand(&suite, &exporter, "sec", ROW_KEY);
        let cipher = ChaCha20Poly1305::new(&key.into());
        // The first message of a context has the base nonce itself.
        let base: [u8; 12] = expand(&suite, &secret, "base_nonce", &context);
        let mac = cipher.decrypt(&Nonce::from(base), Payload { msg: &opening.mac_key, aad: MAC_KEY }).unwrap();
        Self { epoch: opening.epoch, agreed, shared, secret, key, exporter, rows, mac: mac.try_into().unwrap() }
    }

    /// What is needed once, at the opening.
    fn once(&self) -> [([u8; 32], &'static str); 5] {
        [
            (self.agreed, "the agreed secret"),
            (self.shared, "the shared secret"),
            (self.secret, "the schedule's secret"),
            (self.key, "the context's key"),
            (self.exporter, "the exporter's secret"),
        ]
    }
}

fn extract(suite: &[u8], salt: &[u8], label: &str, ikm: &[u8]) -> [u8; 32] {
    let labelled = [b"HPKE-v1", suite, label.as_bytes(), ikm].concat();
    Hkdf::<Sha256>::extract(Some(salt), &labelled).0.into()
}

fn expand<const LENGTH: usize>(suite: &[u8], key: &[u8], label: &str, info: &[u8]) -> [u8; LENGTH] {
    let labelled = [&[0, LENGTH as u8], &b"HPKE-v1"[..], suite, label.as_bytes(), info].concat();
    let mut out = [0; LENGTH];
    Hkdf::<Sha256>::from_prk(key).unwrap().expand(&labelled, &mut out).unwrap();
    out
}

// ---- a thief who writes ----

/// Rows of which HQ has this many when the box is stolen.
const AT_HQ: usize = 20;

#[test]
fn rows_that_a_thief_writes_anew_with_the_box_s_own_key_are_seen_at_hq() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut journal = Journal::open(&path, scribe::identity()).unwrap();
    for number in 0..50 {
        journal.append(&[scribe::entry(number)], scribe::at(number)).unwrap();
    }
    journal.sign(scribe::at(50)).unwrap();
    drop(journal);
    let rows = scribe::rows(&path);

    // What HQ has: both are kept, and nobody gets a receipt before somebody has decided.
    let mut hq = Hq::new("receipted");
    assert_eq!(hq.take(&rows[..AT_HQ]).receipt_up_to, Some(Place::of(&rows[AT_HQ - 1])));
    let forged = written_anew(&rows, 10);
    let taken = hq.take(&forged);
    assert!(taken.forks > 0 && taken.receipt_up_to.is_none(), "{taken:?}");
    assert_eq!(hq.ledger.conflicts().unwrap().len(), 1);

    // What HQ has not: the chain and the signatures hold, but not one MAC.
    let mut hq = Hq::new("unsent");
    hq.take(&rows[..AT_HQ]);
    let forged = written_anew(&rows, AT_HQ + 5);
    let taken = hq.take(&forged);
    assert_eq!((taken.new as usize, taken.forks), (rows.len() - AT_HQ, 0), "the thief's chain holds");
    let macs: HashSet<u64> = hq.damage("mac");
    let expected: HashSet<u64> = forged[AT_HQ + 5..].iter().map(|row| row.sequence).collect();
    assert_eq!(macs, expected, "every row from there on is shown, and no row before");

    // A journal made shorter goes on where HQ has other rows.
    let mut hq = Hq::new("shortened");
    hq.take(&rows);
    shorten(&path, 30);
    let mut journal = Journal::open(&path, scribe::identity()).unwrap();
    journal.append(&[scribe::entry(99)], scribe::at(99)).unwrap();
    drop(journal);
    let taken = hq.take(&scribe::rows(&path));
    assert!(taken.forks > 0 && taken.receipt_up_to.is_none(), "{taken:?}");

    // What nobody can see: an epoch of which HQ has never heard, left out and written from its opening on.
    let mut hq = Hq::new("never sent");
    shorten(&path, 0);
    let mut journal = Journal::open(&path, scribe::identity()).unwrap();
    journal.append(&[scribe::entry(99)], scribe::at(99)).unwrap();
    drop(journal);
    assert_eq!(hq.take(&scribe::rows(&path)).forks, 0);
    assert_eq!(hq.damage("mac"), HashSet::new());
    measured(&format!(
        "a thief with the box's key: rows HQ has rewritten: a conflict; {} unsent rows rewritten: {} shown by their MAC; \
         a shortened journal: a conflict; an epoch HQ never heard of: not to be seen, hence `box stolen --since`",
        expected.len(),
        macs.len()
    ));
}

/// Rows as a thief makes them who has the box's key and not the epoch's: from one on, other bodies, a chain that holds,
/// checkpoints that are signed.
fn written_anew(rows: &[Row], from: usize) -> Vec<Row> {
    let mut rows = rows.to_vec();
    let author = scribe::author();
    let mut place = Place::of(&rows[from - 1]);
    for row in &mut rows[from..] {
        match row.kind {
            RowKind::Entry => row.body.iter_mut().for_each(|byte| *byte ^= 0x55),
            RowKind::Checkpoint => {
                let said = Checkpoint::verified(row, &author).unwrap();
                let payload = wire::encode(&Checkpoint { head: place, ..said });
                row.body = wire::sign::sign(Context::JournalCheckpoint, scribe::signer().as_ref(), &payload);
            }
            RowKind::Opening => unreachable!("one epoch"),
        }
        row.chain = chain::link(&place.chain, row);
        // He knows how it is made, and has no key that was used for it.
        row.mac = chain::mac(&scribe::SIGNING, &row.chain);
        place = chain::follow(&place, row, &author).unwrap();
    }
    rows
}

/// Takes the last rows off a journal.
fn shorten(path: &Path, to: u64) {
    let db = rusqlite::Connection::open(path).unwrap();
    db.execute("DELETE FROM row WHERE sequence > ?1", [to.cast_signed()]).unwrap();
}

/// HQ's side.
struct Hq {
    folder: tempfile::TempDir,
    ledger: Ledger,
}

impl Hq {
    fn new(what: &str) -> Self {
        let folder = tempfile::Builder::new().prefix(what).tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join("ledger.db"), &scribe::author().region).unwrap();
        Self { folder, ledger }
    }

    fn take(&mut self, rows: &[Row]) -> Accepted {
        let author = scribe::author();
        let batch = Batch { region: author.region, from: author.name, rows: rows.to_vec() };
        self.ledger.accept(&batch, &author.key, 0).unwrap()
    }

    /// Rows in which this was found when they were opened.
    fn damage(&self, problem: &str) -> HashSet<u64> {
        let (ledger, crossings) = (self.folder.path().join("ledger.db"), self.folder.path().join("crossings.db"));
        let mut opener = Opener::open(&ledger, &crossings, &scribe::author().region, &[&scribe::SEALING]).unwrap();
        opener.catch_up(0).unwrap();
        let damage = Crossings::open(&crossings).unwrap().damage(1000).unwrap();
        damage.into_iter().filter(|damage| damage.problem == problem).map(|damage| damage.sequence).collect()
    }
}
