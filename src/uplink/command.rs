//! Commands are believed, and obeyed, only after this.

use ed25519_dalek::VerifyingKey;
use wire::command::{Command, Head, LONGEST};
use wire::sign::{Context, Sign1};
use wire::{BoxId, RegionId};

/// Why a box does not do what it was told. Those before [`Self::is_ours`] say nothing about HQ: anybody can send them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// Too long to be a command.
    #[error("the command has {0} bytes")]
    Length(usize),
    /// Not a signed message of ours, or its signature does not hold.
    #[error("the command cannot be verified")]
    Unverified(#[source] wire::Error),
    /// Signed by none of the region's command keys.
    #[error("the command is signed by a key that signs no commands")]
    Key,
    /// For another box or another region.
    #[error("the command is for another box")]
    OtherBox,
    /// Its number has come before.
    #[error("the command {number} comes after {last}")]
    Replayed {
        /// Its number.
        number: u64,
        /// The last number there was.
        last: u64,
    },
    /// Its time is over.
    #[error("the command {number} counted until {expires}, and it is at least {now}")]
    Expired {
        /// Its number.
        number: u64,
        /// Unix seconds.
        expires: i64,
        /// Unix seconds.
        now: i64,
    },
    /// A command of a later version.
    #[error("this version does not know the command {number}")]
    Unknown {
        /// Its number.
        number: u64,
    },
}

impl Refused {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Length(_) => "command-length",
            Self::Unverified(_) => "command",
            Self::Key => "command-key",
            Self::OtherBox => "other-box",
            Self::Replayed { .. } => "replayed",
            Self::Expired { .. } => "expired",
            Self::Unknown { .. } => "unknown-command",
        }
    }

    /// The number, of a command that is HQ's own to this box and new; HQ is told what became of it.
    pub const fn is_ours(&self) -> Option<u64> {
        match self {
            Self::Expired { number, .. } | Self::Unknown { number } => Some(*number),
            _ => None,
        }
    }
}

/// What a box is told to do by these bytes, if it must do it now.
///
/// `keys_at` gives the command keys that counted at a time. `now` is Unix seconds by a sound clock; a box without
/// one takes the newest time HQ has signed, which is never too late: so a wrong clock can keep a command good for
/// longer, and never spoils one. `last` is the highest number there was.
///
/// # Errors
/// Why it must not.
pub fn judged(
    bytes: &[u8],
    region: &RegionId,
    name: &BoxId,
    keys_at: &dyn Fn(i64) -> Vec<VerifyingKey>,
    now: i64,
    last: u64,
) -> Result<Command, Refused> {
    if bytes.len() > LONGEST {
        return Err(Refused::Length(bytes.len()));
    }
    let message = Sign1::parse(bytes).map_err(|error| Refused::Unverified(error.into()))?;
    let mut refused = Refused::Key;
    let verified = keys_at(now).into_iter().any(|key| match message.verify(Context::Command, &key) {
        Ok(_) => true,
        Err(wire::sign::Error::OtherKey) => false,
        Err(error) => {
            refused = Refused::Unverified(error.into());
            false
        }
    });
    if !verified {
        return Err(refused);
    }
    let head: Head = wire::decode(message.payload, "command").map_err(Refused::Unverified)?;
    let Head { number, expires, .. } = head;
    if head.region != *region || head.to != *name {
        return Err(Refused::OtherBox);
    }
    if number <= last {
        return Err(Refused::Replayed { number, last });
    }
    if expires < now {
        return Err(Refused::Expired { number, expires, now });
    }
    wire::decode(message.payload, "command").map_err(|_| Refused::Unknown { number })
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};
    use wire::command::What;

    use super::*;

    struct Key(SigningKey);
    impl wire::sign::Signer for Key {
        fn public(&self) -> VerifyingKey {
            self.0.verifying_key()
        }
        fn sign(&self, message: &[u8]) -> [u8; 64] {
            self.0.sign(message).to_bytes()
        }
    }

    fn key(seed: u8) -> Key {
        Key(SigningKey::from_bytes(&[seed; 32]))
    }

    fn command() -> Command {
        Command {
            region: "RU-TVE".parse().unwrap(),
            to: "post-1".parse().unwrap(),
            number: 7,
            expires: 1000,
            what: What::Heartbeat { seconds: 10 },
        }
    }

    fn signed(context: Context, by: u8, command: &Command) -> Vec<u8> {
        wire::sign::sign(context, &key(by), &wire::encode(command))
    }

    fn tried(bytes: &[u8], now: i64, last: u64) -> Result<Command, Refused> {
        use wire::sign::Signer as _;
        let keys = |at| if at <= 1001 { vec![key(8).public(), key(9).public()] } else { vec![] };
        judged(bytes, &"RU-TVE".parse().unwrap(), &"post-1".parse().unwrap(), &keys, now, last)
    }

    #[test]
    fn a_new_command_of_a_command_key_for_this_box_is_obeyed() {
        for (now, last) in [(0, 0), (1000, 6)] {
            assert_eq!(tried(&signed(Context::Command, 9, &command()), now, last).unwrap(), command());
        }
    }

    #[test]
    fn every_other_command_is_refused_with_its_own_code() {
        let code = |bytes: &[u8], now, last| tried(bytes, now, last).unwrap_err().code();
        let good = signed(Context::Command, 9, &command());
        assert_eq!(code(&good, 1001, 0), "expired");
        assert_eq!(code(&good, 0, 7), "replayed");
        assert_eq!(code(&good, 0, 8), "replayed");
        assert_eq!(code(&good, 5000, 0), "command-key");
        let other = |change: fn(&mut Command)| {
            let mut command = command();
            change(&mut command);
            signed(Context::Command, 9, &command)
        };
        assert_eq!(code(&other(|c| c.to = "post-2".parse().unwrap()), 0, 0), "other-box");
        assert_eq!(code(&other(|c| c.region = "RU-MOW".parse().unwrap()), 0, 0), "other-box");
        assert_eq!(code(&signed(Context::Command, 1, &command()), 0, 0), "command-key");
        assert_eq!(code(&signed(Context::Receipt, 9, &command()), 0, 0), "command");
        assert_eq!(code(&wire::encode(&command()), 0, 0), "command");
        assert_eq!(code(&[0; 5000], 0, 0), "command-length");
        let later = wire::sign::sign(Context::Command, &key(9), &{
            let mut bytes = wire::encode(&command());
            // The kind of command, in front of its fields.
            let kind = bytes.len() - 3;
            assert_eq!(bytes[kind], 2);
            bytes[kind] = 23;
            bytes
        });
        assert_eq!(code(&later, 0, 0), "unknown-command");
    }

    #[test]
    fn every_single_bit_change_is_refused() {
        let good = signed(Context::Command, 9, &command());
        for bit in 0..good.len() * 8 {
            let mut changed = good.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(tried(&changed, 0, 0).is_err(), "bit {bit}");
        }
    }
}
