//! EU certificates that no one here made: test certificates of several countries, as the EU published them
//! (`tests/data/dgc-testdata`, Apache-2.0), with the signers' certificates a region would trust.

use serde::Deserialize;

use crate::Error;

/// One published file: the text of a code, and the certificate of who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Country, as its certificates name it.
    pub country: &'static str,
    /// Text of the code.
    pub text: String,
    /// The signer's certificate, base64 of DER.
    pub certificate: String,
}

#[derive(Deserialize)]
struct Vector {
    #[serde(rename = "PREFIX")]
    text: String,
    #[serde(rename = "TESTCTX")]
    context: Context,
}

#[derive(Deserialize)]
struct Context {
    #[serde(rename = "CERTIFICATE")]
    certificate: String,
}

macro_rules! vector {
    ($path:literal) => {
        include_str!(concat!("../tests/data/dgc-testdata/", $path))
    };
}

/// Country and file; the first is the one a visitor holds up.
const FILES: [(&str, &str); 6] = [
    ("CZ", vector!("CZ/2DCode/raw/1.json")),
    ("LV", vector!("LV/2DCode/raw/1.json")),
    ("NL", vector!("NL/2DCode/raw/000-NL-test.json")),
    ("PL", vector!("PL/1.0.0/2DCode/raw/1.json")),
    ("RO", vector!("RO/2DCode/raw/1.json")),
    ("SK", vector!("SK/2DCode/raw/1.json")),
];

/// Every certificate that is carried.
///
/// # Errors
/// Never for the files that are carried: a test reads them all.
pub fn published() -> Result<Vec<Published>, Error> {
    let read = |(country, json): &(&'static str, &str)| {
        let vector: Vector =
            serde_json::from_str(json).map_err(|error| Error::Failed(format!("a vector cannot be read: {error}")))?;
        Ok(Published { country, text: vector.text, certificate: vector.context.certificate })
    };
    FILES.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_is_carried_is_a_certificate_of_the_eu() {
        let all = published().unwrap();
        assert_eq!(all.len(), FILES.len());
        assert!(all.iter().all(|one| one.text.starts_with("HC1:") && one.certificate.starts_with("MI")));
    }
}
