//! Streams of revoked ids of foreign certificates: which of them might name a given one.
//!
//! The EU revokes a certificate by one of three hashes, and the country that revokes chooses which. Each
//! scheme of each country is a stream of its own.

use pass::{Document, RevocationHashes};

/// What the EU's revocation lists hash (`hashType` of a batch).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// `UCI`: the certificate identifier.
    Uci,
    /// `COUNTRYCODEUCI`: the issuing country, followed by the identifier.
    CountryUci,
    /// `SIGNATURE`: the signature, of an ECDSA signature its r alone.
    Signature,
}

impl Scheme {
    /// Every scheme there is.
    pub const ALL: [Self; 3] = [Self::Uci, Self::CountryUci, Self::Signature];

    /// Its name in the EU's lists.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uci => "UCI",
            Self::CountryUci => "COUNTRYCODEUCI",
            Self::Signature => "SIGNATURE",
        }
    }

    /// The scheme with a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.as_str() == name)
    }

    /// The issuer of a country's stream: `EU-uci/AT`.
    pub fn stream(self, country: &str) -> String {
        let name = match self {
            Self::Uci => "EU-uci",
            Self::CountryUci => "EU-ccuci",
            Self::Signature => "EU-sig",
        };
        format!("{name}/{country}")
    }

    const fn of(self, hashes: &RevocationHashes) -> [u8; 16] {
        match self {
            Self::Uci => hashes.uci,
            Self::CountryUci => hashes.country_uci,
            Self::Signature => hashes.signature,
        }
    }
}

/// Where a foreign certificate would stand if it were revoked: issuers of streams of ids, and the key in
/// each. Nothing for passes of formats that have no such lists.
pub fn foreign_ids(document: &Document) -> impl Iterator<Item = (String, [u8; 16])> {
    let hashes = document.revocation.as_ref();
    hashes
        .into_iter()
        .flat_map(|hashes| Scheme::ALL.into_iter().map(|scheme| (scheme.stream(&document.issuer), scheme.of(hashes))))
}
