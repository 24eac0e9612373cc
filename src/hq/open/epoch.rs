//! Rows of one box, one after the other, with the keys of their epochs.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, Nonce};
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, OpModeR, Serializable as _};
use journal::chain::{self, Author, Hash};
use journal::{MAC_KEY, Opening, ROW_KEY, aad, info, nonce, unpadded};
use wire::entry::Entry;
use wire::row::{EpochId, Row, RowKind};
use zeroize::Zeroizing;

use crate::ledger::Stored;

/// More rows than any epoch has: a thousand entries, their checkpoints, and room.
const MOST_ROWS: u64 = 4096;

type Kem = X25519HkdfSha256;
type PrivateKey = <Kem as hpke::Kem>::PrivateKey;

/// HQ's private sealing keys, by their public halves.
pub(super) struct Keys(Vec<([u8; 32], PrivateKey)>);

/// An epoch is sealed to a key that is not here.
#[derive(Debug)]
pub(super) struct NoKey(pub(super) [u8; 32]);

impl Keys {
    pub(super) fn new(secrets: &[&[u8; 32]]) -> Self {
        let key = |secret: &&[u8; 32]| {
            let private = PrivateKey::from_bytes(*secret).expect("any 32 bytes are an X25519 private key");
            (<Kem as hpke::Kem>::sk_to_pk(&private).to_bytes().into(), private)
        };
        Self(secrets.iter().map(key).collect())
    }

    fn by_public(&self, public: &[u8; 32]) -> Result<&PrivateKey, NoKey> {
        self.0.iter().find(|(known, _)| known == public).map(|(_, private)| private).ok_or(NoKey(*public))
    }
}

/// The keys of an open epoch.
struct Epoch {
    id: EpochId,
    rows: ChaCha20Poly1305,
    /// Of the next row.
    mac_key: Zeroizing<[u8; 32]>,
}

impl Epoch {
    /// What an opening seals; none when it does not open.
    fn open(opening: &Opening, author: &Author, private: &PrivateKey) -> Option<Self> {
        let encapsulated = <Kem as hpke::Kem>::EncappedKey::from_bytes(&opening.encapsulated).ok()?;
        let info = info(&author.region, &author.name, &opening.epoch, &opening.sealed_to);
        let mut context = hpke::setup_receiver::<hpke::aead::ChaCha20Poly1305, HkdfSha256, Kem>(
            &OpModeR::Base,
            private,
            &encapsulated,
            &info,
        )
        .ok()?;
        let mac_key = Zeroizing::new(context.open(&opening.mac_key, MAC_KEY).ok()?);
        let mac_key = Zeroizing::new(mac_key.as_slice().try_into().ok()?);
        let mut row_key = Zeroizing::new([0; 32]);
        context.export(ROW_KEY, &mut *row_key).ok()?;
        Some(Self { id: opening.epoch, rows: ChaCha20Poly1305::new((&*row_key).into()), mac_key })
    }

    /// Whether a row's MAC holds; its key is gone afterwards.
    fn mac_holds(&mut self, row: &Row) -> bool {
        let holds = chain::mac(&self.mac_key, &row.chain) == row.mac;
        self.skip();
        holds
    }

    fn skip(&mut self) {
        self.mac_key = Zeroizing::new(chain::next_mac_key(&self.mac_key));
    }
}

/// What a row held.
#[derive(Default)]
pub(super) struct Step {
    pub(super) entry: Option<Entry>,
    /// Stable codes of what is wrong with it.
    pub(super) problems: Vec<&'static str>,
}

impl Step {
    fn problem(code: &'static str) -> Self {
        Self { entry: None, problems: vec![code] }
    }
}

/// Follows the rows of one box.
pub(super) struct Reader {
    author: Author,
    epoch: Option<Epoch>,
    /// Sequence of the last row.
    last: u64,
    /// What the next row may be linked to: the chain hash of the last row, and, when that row was damaged, the
    /// one its content has.
    previous: [Hash; 2],
}

impl Reader {
    pub(super) const fn new(author: Author) -> Self {
        Self { author, epoch: None, last: 0, previous: [chain::START; 2] }
    }

    pub(super) const fn is_after(&self, sequence: u64) -> bool {
        self.last == sequence
    }

    /// Stands after `last`, as if every row before it had been read here.
    pub(super) fn resume(&mut self, before: Option<&Stored>, last: &Stored, opening: Option<&Stored>, keys: &Keys) {
        self.pass(before.map_or(chain::START, |before| before.row.chain), &last.row);
        // Opened once already, so it opens now; if its key is gone by now, so be it: its rows are damage then.
        self.epoch = opening.and_then(|stored| {
            let opening = Opening::verified(&stored.row, &self.author)?;
            let mut epoch = Epoch::open(&opening, &self.author, keys.by_public(&opening.sealed_to).ok()?)?;
            (stored.row.sequence..=last.row.sequence).for_each(|_| epoch.skip());
            Some(epoch)
        });
    }

    /// Stands before a row of an epoch, known only by the opening and the chain hash before the row. False when the
    /// opening is not the box's, does not open, or is too far off to be of the same epoch.
    pub(super) fn jump(&mut self, opening: &Stored, before: Hash, sequence: u64, keys: &Keys) -> bool {
        let rows = sequence.checked_sub(opening.row.sequence).filter(|rows| (1..=MOST_ROWS).contains(rows));
        let (Some(rows), Some(verified)) = (rows, Opening::verified(&opening.row, &self.author)) else { return false };
        let Ok(private) = keys.by_public(&verified.sealed_to) else { return false };
        let Some(mut epoch) = Epoch::open(&verified, &self.author, private) else { return false };
        (0..rows).for_each(|_| epoch.skip());
        (self.epoch, self.last, self.previous) = (Some(epoch), sequence - 1, [before; 2]);
        true
    }

    fn pass(&mut self, before: Hash, row: &Row) {
        self.previous = [row.chain, chain::link(&before, row)];
        self.last = row.sequence;
    }

    /// Reads the next row.
    pub(super) fn step(&mut self, stored: &Stored, keys: &Keys) -> Result<Step, NoKey> {
        let row = &stored.row;
        let linked = self.previous.into_iter().find(|previous| chain::link(previous, row) == row.chain);
        let step = match row.kind {
            _ if stored.fault.is_some() => {
                // Whatever it was, its MAC key was used.
                if let Some(epoch) = &mut self.epoch {
                    epoch.skip();
                }
                Step::problem("damaged")
            }
            RowKind::Opening => self.opening(row, keys)?,
            RowKind::Checkpoint => self.checked(row, Step::default()),
            RowKind::Entry => self.entry(row, linked),
        };
        self.pass(linked.unwrap_or(self.previous[0]), row);
        Ok(step)
    }

    fn opening(&mut self, row: &Row, keys: &Keys) -> Result<Step, NoKey> {
        self.epoch = None;
        let Some(opening) = Opening::verified(row, &self.author) else { return Ok(Step::problem("signature")) };
        let private = keys.by_public(&opening.sealed_to)?;
        self.epoch = Epoch::open(&opening, &self.author, private);
        Ok(if self.epoch.is_some() { self.checked(row, Step::default()) } else { Step::problem("opening") })
    }

    fn entry(&mut self, row: &Row, linked: Option<Hash>) -> Step {
        let Some(epoch) = self.epoch.as_ref().filter(|epoch| epoch.id == row.epoch) else {
            return Step::problem("no-opening");
        };
        let step = match linked {
            None => Step::problem("chain"),
            Some(previous) => {
                let payload = Payload { msg: &row.body, aad: &aad(row.sequence, &previous) };
                match epoch.rows.decrypt(&Nonce::from(nonce(row.sequence)), payload).map(Zeroizing::new) {
                    Err(_) => Step::problem("seal"),
                    Ok(plain) => match unpadded(&plain).map(|plain| wire::decode(plain, "entry")) {
                        Some(Ok(entry)) => Step { entry: Some(entry), problems: Vec::new() },
                        // Sealed by the box, but not as this version writes it.
                        Some(Err(_)) => Step::problem("entry"),
                        None => Step::problem("padding"),
                    },
                }
            }
        };
        self.checked(row, step)
    }

    /// Checks the row's MAC on top.
    fn checked(&mut self, row: &Row, mut step: Step) -> Step {
        match &mut self.epoch {
            Some(epoch) if epoch.id == row.epoch => {
                if !epoch.mac_holds(row) {
                    step.problems.push("mac");
                }
            }
            _ => step.problems.push("no-opening"),
        }
        step
    }
}
