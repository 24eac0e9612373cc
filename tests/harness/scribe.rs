//! A box that does nothing but write: a journal with keys that are known here, and crossings that can be told apart.

use std::path::Path;
use std::sync::Arc;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem, Serializable as _};
use journal::{Author, Identity, Outbox};
use wire::entry::{Crossing, Entry, Outcome};
use wire::row::{Receipt, Row};
use wire::sign::Signer;
use wire::{ClockTrust, WallTime};

/// Seed of the box's signing key.
pub const SIGNING: [u8; 32] = *b"the signing key of a test's box.";

/// HQ's private sealing key.
pub const SEALING: [u8; 32] = *b"the sealing key of a test's HQ..";

/// When the first crossing is.
const BEGAN: i64 = 1_790_000_000;

/// The letters that plates have, as they are folded.
const LETTERS: [char; 12] = ['A', 'B', 'C', 'E', 'H', 'K', 'M', 'O', 'P', 'T', 'X', 'Y'];

struct Device(SigningKey);

impl Signer for Device {
    fn public(&self) -> VerifyingKey {
        self.0.verifying_key()
    }
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

/// What signs for the box.
pub fn signer() -> Arc<dyn Signer + Send + Sync> {
    Arc::new(Device(SigningKey::from_bytes(&SIGNING)))
}

/// The box, sealing to [`SEALING`].
///
/// # Panics
/// Never: its names are names.
pub fn identity() -> Identity {
    Identity {
        region: "RU-TVE".parse().expect("a region's code"),
        name: "m10-km178".parse().expect("a box's name"),
        signer: signer(),
        sealing_key: public(&SEALING),
    }
}

/// The public half of an X25519 key.
///
/// # Panics
/// Never: any 32 bytes are a private key.
pub fn public(private: &[u8; 32]) -> [u8; 32] {
    let private = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(private).expect("any 32 bytes are a private key");
    X25519HkdfSha256::sk_to_pk(&private).to_bytes().into()
}

/// Whose journal it is.
pub fn author() -> Author {
    let Identity { region, name, signer, .. } = identity();
    Author { region, name, key: signer.public() }
}

/// When crossing `number` was judged: one every eight seconds, as on a busy road.
pub const fn at(number: u64) -> WallTime {
    WallTime::from_unix(BEGAN + 8 * number.cast_signed(), ClockTrust::Rtc)
}

/// Crossing `number`, with bytes in it that no other has, and the size of a usual one.
pub fn crossing(number: u64) -> Crossing {
    let mixed = |salt: u64| {
        let mut z = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 32)
    };
    let plate = |digits: &str| {
        let letter = |salt| LETTERS[(mixed(salt) % 12) as usize];
        format!("{}{digits}{}{}{:02}", letter(3), letter(4), letter(5), 69)
    };
    let digits = format!("{:03}", mixed(6) % 1000);
    let pass_id = [mixed(1).to_be_bytes(), mixed(2).to_be_bytes()].concat()[..12].to_vec();
    let outcome = [Outcome::Admit, Outcome::Admit, Outcome::Check, Outcome::Refuse][(number % 4) as usize];
    Crossing {
        format: Some("MP1".into()),
        issuer: Some("RU-TVE".into()),
        pass_id: Some(pass_id),
        kind: Some(7),
        plate_seen: Some(plate(&digits)),
        plate_bound: Some(format!("?{digits}??69")),
        reasons: if outcome == Outcome::Refuse { vec![40, 7] } else { Vec::new() },
        release: 12,
        release_age: 3600 + (mixed(8) % 80_000).cast_signed(),
        read_us: 20_000 + (mixed(9) % 9000) as u32,
        judge_us: 200 + (mixed(10) % 200) as u32,
        ..Crossing::new(mixed(7).to_be_bytes(), at(number), outcome)
    }
}

/// As an entry.
pub fn entry(number: u64) -> Entry {
    Entry::Crossing(crossing(number))
}

/// Every row of a journal that can be read.
///
/// # Errors
/// Why one cannot.
pub fn read(path: &Path) -> Result<Vec<Row>, journal::Error> {
    let outbox = Outbox::open(path)?;
    let mut rows: Vec<Row> = Vec::new();
    loop {
        let more = outbox.rows_after(rows.last().map_or(0, |row| row.sequence), 1000, usize::MAX)?;
        if more.is_empty() {
            return Ok(rows);
        }
        rows.extend(more);
    }
}

/// Every row of a journal.
///
/// # Panics
/// When one cannot be read.
pub fn rows(path: &Path) -> Vec<Row> {
    read(path).expect("a sound journal can be read")
}

/// HQ's word that it has everything up to a row, as the writer takes it.
pub fn receipt(row: &Row) -> Receipt {
    let Author { region, name, .. } = author();
    let (epoch, sequence, chain) = (row.epoch, row.sequence, row.chain);
    Receipt { region, to: name, epoch, sequence, chain, ledger: [1; 8], issued: BEGAN, budget: None }
}
