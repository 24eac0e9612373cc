//! What HQ tells one box to do, and the box's answer where there is one: the payload of a COSE_Sign1 under
//! [`Context::Command`](crate::sign::Context::Command).
//!
//! A command is for one box, has a number that only rises for that box, and an end. A box does each at most
//! once. One that it does not know yet is still a command: [`Head`] reads who it is for and its number.

use minicbor::{Decode, Encode};

use crate::{BoxId, RegionId};

/// Longest signed command in bytes; a secret has some hundreds.
pub const LONGEST: usize = 4096;

/// Longest text of a [`Report`] in bytes.
pub const LONGEST_REPORT: usize = 64 * 1024;

/// One command to one box.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Command {
    /// The region of the box.
    #[n(0)]
    pub region: RegionId,
    /// The box.
    #[n(1)]
    pub to: BoxId,
    /// Rises with every command to this box; the first is 1.
    #[n(2)]
    pub number: u64,
    /// Unix seconds after which it counts no more.
    #[n(3)]
    pub expires: i64,
    /// What is to be done.
    #[n(4)]
    pub what: What,
}

/// A command as far as any version can read it.
#[derive(Debug, Clone, PartialEq, Eq, Decode)]
#[cbor(map)]
pub struct Head {
    /// The region of the box.
    #[n(0)]
    pub region: RegionId,
    /// The box.
    #[n(1)]
    pub to: BoxId,
    /// Its number.
    #[n(2)]
    pub number: u64,
    /// Unix seconds after which it counts no more.
    #[n(3)]
    pub expires: i64,
}

/// What a box can be told to do. The numbers are stable.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum What {
    /// Send a [`Report`] of how it is and what happened last.
    #[n(0)]
    Report,
    /// End the program in order; the system starts it again.
    #[n(1)]
    Restart,
    /// Heartbeats this far apart until the next start.
    #[n(2)]
    Heartbeat {
        /// Seconds, at least 1.
        #[n(0)]
        seconds: u32,
    },
    /// A new secret of the region, sealed to the box's receive key.
    #[n(3)]
    Secret {
        /// As in an enrolment bundle: encapsulated key and ciphertext.
        #[cbor(n(0), with = "minicbor::bytes")]
        sealed: Vec<u8>,
    },
    /// Start the image of the adopted release with this version.
    #[n(4)]
    Update {
        /// The version, for people.
        #[n(0)]
        version: String,
        /// SHA-256 of the image, as the release names it.
        #[cbor(n(1), with = "minicbor::bytes")]
        image: [u8; 32],
    },
}

impl What {
    /// Stable name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Restart => "restart",
            Self::Heartbeat { .. } => "heartbeat",
            Self::Secret { .. } => "secret",
            Self::Update { .. } => "update",
        }
    }
}

/// A box's answer to [`What::Report`]: the payload of its `diag` topic. Not signed; the link vouches for it, and
/// nothing but people's eyes depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Report {
    /// The command it answers.
    #[n(0)]
    pub number: u64,
    /// Unix seconds by the box's clock.
    #[n(1)]
    pub at: i64,
    /// For people, at most [`LONGEST_REPORT`] bytes; no personal data.
    #[n(2)]
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(what: What) -> Command {
        Command {
            region: "RU-TVE".parse().unwrap(),
            to: "post-1".parse().unwrap(),
            number: 7,
            expires: 1_588_334_400,
            what,
        }
    }

    #[test]
    fn every_command_comes_back_as_it_was() {
        for what in [
            What::Report,
            What::Restart,
            What::Heartbeat { seconds: 10 },
            What::Secret { sealed: vec![1; 80] },
            What::Update { version: "1.2.0".to_owned(), image: [3; 32] },
        ] {
            let sent = command(what);
            let bytes = crate::encode(&sent);
            assert_eq!(crate::decode::<Command>(&bytes, "command").unwrap(), sent);
            let head = crate::decode::<Head>(&bytes, "command").unwrap();
            assert_eq!((head.to, head.number, head.expires), (sent.to, 7, 1_588_334_400));
        }
    }

    #[test]
    fn a_command_of_a_later_version_still_shows_its_number() {
        #[derive(Encode)]
        #[cbor(map)]
        struct Later {
            #[n(0)]
            region: RegionId,
            #[n(1)]
            to: BoxId,
            #[n(2)]
            number: u64,
            #[n(3)]
            expires: i64,
            #[n(4)]
            what: (u32, (bool, String)),
        }
        let Command { region, to, number, expires, .. } = command(What::Report);
        let bytes = crate::encode(&Later { region, to, number, expires, what: (99, (true, "?".to_owned())) });
        assert!(crate::decode::<Command>(&bytes, "command").is_err());
        assert_eq!(crate::decode::<Head>(&bytes, "command").unwrap().number, 7);
    }
}
