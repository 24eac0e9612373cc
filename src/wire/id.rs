//! Names of regions and boxes. They stand in topics, file names and signed payloads, so their alphabet
//! is narrow: no separator or wildcard of MQTT, no path, nothing that needs escaping.

use core::fmt;
use std::str::FromStr;

/// Longest identifier in characters; a topic with two of them stays far below any broker's limit.
const LONGEST: usize = 32;

/// An identifier with a character outside `A-Z a-z 0-9 . _ -`, empty, or over 32 characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an identifier: 1 to 32 of A-Z, a-z, 0-9, '.', '_' and '-', beginning with a letter or digit")]
pub struct BadId(pub String);

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
                let begins_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
                if begins_well && text.len() <= LONGEST && text.chars().all(good) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(BadId(text.to_owned()))
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.str(&self.0)?.ok()
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
                d.str()?.parse().map_err(minicbor::decode::Error::message)
            }
        }
    };
}

id!(
    /// A region, by ISO 3166-2 where it has a code there (`RU-TVE`).
    RegionId
);
id!(
    /// A box, unique within its region (`m10-km178`).
    BoxId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_cannot_carry_topic_or_path_syntax() {
        for bad in ["", "a/b", "a+", "#", "../x", "пост", &"x".repeat(33), "-x", ".x"] {
            assert!(bad.parse::<BoxId>().is_err(), "{bad:?}");
        }
        assert!("m10-km178".parse::<BoxId>().is_ok());
    }
}
