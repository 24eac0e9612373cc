//! Service cards: the code with which an officer begins a shift, and how the PIN is proven.
//!
//! A card is a COSE_Sign1 under [`Context::ServiceCard`], as text `SC1:` and base45. It names a pseudonym and holds
//! Argon2id over the PIN with a salt of its own, never the PIN. Whoever photographs a card can try PINs at leisure,
//! six digits for a day or so; so cards count for weeks and not for years, and a box slows down who guesses at it.

use argon2::{Algorithm, Argon2, Params, Version};
use ed25519_dalek::VerifyingKey;
use minicbor::{Decode, Encode};
use wire::RegionId;
use wire::base45;
use wire::sign::{Context, Sign1};

/// How the text of a card begins.
pub const PREFIX: &str = "SC1:";

/// Longest text of a card.
const LONGEST_TEXT: usize = 640;

/// Longest pseudonym in characters: it stands on the panel and in the journal.
pub const LONGEST_PSEUDONYM: usize = 24;

/// Longest time a card counts, in seconds: 92 days.
pub const LONGEST_LIFE: i64 = 92 * 86_400;

/// Digits of a PIN, at least and at most.
pub const PIN: std::ops::RangeInclusive<usize> = 6..=8;

/// Kibibytes, passes and lanes of Argon2id: OWASP's second choice, a third of a second on the slowest board.
const COST: (u32, u32, u32) = (12 * 1024, 3, 1);

/// What a service card says.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ServiceCard {
    /// The region.
    #[n(0)]
    pub region: RegionId,
    /// Names the card.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub id: [u8; 8],
    /// Who it is, as only HQ can tell.
    #[n(2)]
    pub pseudonym: String,
    /// Unix seconds from which it counts.
    #[n(3)]
    pub valid_from: i64,
    /// Unix seconds until which it counts.
    #[n(4)]
    pub valid_to: i64,
    /// Drawn for this card.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub salt: [u8; 16],
    /// [`prove`] of the PIN.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub proof: [u8; 32],
}

/// Why a card does not begin a shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It cannot be read.
    #[error("the card cannot be read")]
    Unreadable,
    /// No key of this region's HQ has signed it.
    #[error("the card is not signed by this region's headquarters")]
    NotSigned,
    /// It is for another region.
    #[error("the card is for another region")]
    OtherRegion,
    /// Its time has not begun, is over, or is longer than any card's.
    #[error("the card does not count now")]
    NotNow,
}

impl Fault {
    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "card-unreadable",
            Self::NotSigned => "card-not-signed",
            Self::OtherRegion => "card-other-region",
            Self::NotNow => "card-not-now",
        }
    }
}

impl ServiceCard {
    /// Whether a text is meant to be a card.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// A signed card as the text of a code.
    pub fn text(signed: &[u8]) -> String {
        format!("{PREFIX}{}", base45::encode(signed))
    }

    /// Reads a card and checks all of it but the PIN. `keys` are those that count now, `now` is Unix seconds.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn read(text: &str, region: &RegionId, keys: &[VerifyingKey], now: i64) -> Result<Self, Fault> {
        let body = text.strip_prefix(PREFIX).filter(|_| text.len() <= LONGEST_TEXT);
        let bytes = body.and_then(base45::decode).ok_or(Fault::Unreadable)?;
        let message = Sign1::parse(&bytes).map_err(|_| Fault::Unreadable)?;
        let payload = keys.iter().find_map(|key| message.verify(Context::ServiceCard, key).ok());
        let card: Self =
            wire::decode(payload.ok_or(Fault::NotSigned)?, "service card").map_err(|_| Fault::Unreadable)?;
        let length = card.pseudonym.chars().count();
        let life = card.valid_to.saturating_sub(card.valid_from);
        match () {
            () if card.region != *region => Err(Fault::OtherRegion),
            () if length == 0 || length > LONGEST_PSEUDONYM => Err(Fault::Unreadable),
            () if !card.counts_at(now) || life > LONGEST_LIFE => Err(Fault::NotNow),
            () => Ok(card),
        }
    }

    /// Whether it counts at a time in Unix seconds.
    pub const fn counts_at(&self, now: i64) -> bool {
        self.valid_from <= now && now <= self.valid_to
    }

    /// Whether a PIN is the card's.
    pub fn is_proven_by(&self, pin: &str) -> bool {
        is_pin(pin) && prove(pin, &self.salt).is_some_and(|proof| same(&proof, &self.proof))
    }
}

/// Whether a text can be a PIN.
pub fn is_pin(text: &str) -> bool {
    PIN.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Argon2id over a PIN; none when there is no memory for it.
pub fn prove(pin: &str, salt: &[u8; 16]) -> Option<[u8; 32]> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, Some(32)).ok()?;
    let mut proof = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(pin.as_bytes(), salt, &mut proof)
        .ok()?;
    Some(proof)
}

/// Compares all of both, however early they differ.
fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a.iter().zip(b).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;

    struct Command(SigningKey);

    impl wire::sign::Signer for Command {
        fn public(&self) -> VerifyingKey {
            self.0.verifying_key()
        }
        fn sign(&self, message: &[u8]) -> [u8; 64] {
            self.0.sign(message).to_bytes()
        }
    }

    fn card() -> ServiceCard {
        ServiceCard {
            region: "RU-TVE".parse().unwrap(),
            id: [3; 8],
            pseudonym: "Рысь-4".into(),
            valid_from: 1000,
            valid_to: 1000 + 31 * 86_400,
            salt: [9; 16],
            proof: prove("402713", &[9; 16]).unwrap(),
        }
    }

    fn text_by(seed: u8, context: Context, card: &ServiceCard) -> String {
        ServiceCard::text(&wire::sign::sign(
            context,
            &Command(SigningKey::from_bytes(&[seed; 32])),
            &wire::encode(card),
        ))
    }

    fn read(text: &str, now: i64) -> Result<ServiceCard, Fault> {
        let key = SigningKey::from_bytes(&[1; 32]).verifying_key();
        ServiceCard::read(text, &"RU-TVE".parse().unwrap(), &[key], now)
    }

    #[test]
    fn a_card_is_read_and_only_its_pin_proves_it() {
        let text = text_by(1, Context::ServiceCard, &card());
        println!("measured: a service card is a text of {} characters", text.len());
        let read = read(&text, 2000).unwrap();
        assert_eq!(read, card());
        assert!(read.is_proven_by("402713"));
        for wrong in ["402714", "40271", "", "4027130", "40271x", "٤٠٢٧١٣"] {
            assert!(!read.is_proven_by(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_card_of_anybody_else_begins_nothing() {
        let ours = text_by(1, Context::ServiceCard, &card());
        assert_eq!(read(&text_by(2, Context::ServiceCard, &card()), 2000), Err(Fault::NotSigned));
        // What the same key has signed for another purpose is no card.
        assert_eq!(read(&text_by(1, Context::Command, &card()), 2000), Err(Fault::NotSigned));
        let other = ServiceCard { region: "RU-KOS".parse().unwrap(), ..card() };
        assert_eq!(read(&text_by(1, Context::ServiceCard, &other), 2000), Err(Fault::OtherRegion));
        for now in [999, 1001 + 31 * 86_400] {
            assert_eq!(read(&ours, now), Err(Fault::NotNow));
        }
        let eternal = ServiceCard { valid_to: 1001 + LONGEST_LIFE, ..card() };
        assert_eq!(read(&text_by(1, Context::ServiceCard, &eternal), 2000), Err(Fault::NotNow));
        let nameless = ServiceCard { pseudonym: String::new(), ..card() };
        assert_eq!(read(&text_by(1, Context::ServiceCard, &nameless), 2000), Err(Fault::Unreadable));
    }

    #[test]
    fn whatever_is_held_up_is_read_or_refused() {
        let ours = text_by(1, Context::ServiceCard, &card());
        for cut in 0..ours.len() {
            assert!(read(&ours[..cut], 2000).is_err(), "{cut}");
        }
        for text in ["", "SC1:", "SC1:::::", "SC1:Ж", &format!("SC1:{}", "A".repeat(10_000))] {
            assert_eq!(read(text, 2000), Err(Fault::Unreadable), "{text}");
        }
    }
}
