//! JSON Web Keys (RFC 7517), of the one kind that health passes are signed with: P-256.

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use pass::PublicKey;
use serde::Deserialize;
use trust::format::sha256;

use super::{Problem, Why};
use pass::x509::Signed;

/// A key as it is published.
#[derive(Debug, Deserialize)]
pub struct Jwk {
    kty: String,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    /// The name its passes call it by.
    pub kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    x5c: Option<Vec<String>>,
}

/// A key that can be used, and for how long where it says so.
pub struct Usable {
    /// The key.
    pub key: PublicKey,
    /// Unix seconds; of its certificate, where it has one.
    pub validity: Option<(i64, i64)>,
    /// RFC 7638.
    pub thumbprint: String,
}

impl Jwk {
    /// The key. A kind that is not used here is left out; one that contradicts itself is a problem.
    pub fn read(&self) -> Result<Result<Usable, Why>, Problem> {
        let is_ours = self.kty == "EC"
            && self.crv.as_deref() == Some("P-256")
            && self.alg.as_deref().is_none_or(|alg| alg == "ES256")
            && self.usage.as_deref().is_none_or(|usage| usage == "sig");
        let (Some(x), Some(y), true) = (&self.x, &self.y, is_ours) else { return Ok(Err(Why::KeyType)) };
        let mut point = vec![4];
        for half in [x, y] {
            let half = Base64UrlUnpadded::decode_vec(half).ok().filter(|half| half.len() == 32).ok_or(Problem::Key)?;
            point.extend(half);
        }
        let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).map_err(|_| Problem::Key)?;
        let key = PublicKey::P256(key);
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let thumbprint = Base64UrlUnpadded::encode_string(&sha256(canonical.as_bytes()));
        let validity = match self.x5c.as_ref().and_then(|chain| chain.first()) {
            None => None,
            Some(leaf) => {
                let leaf =
                    Base64::decode_vec(leaf).ok().and_then(|der| Signed::read(&der)).ok_or(Problem::Certificate)?;
                let of_leaf = pass::Certificate::read(&leaf.der).map_err(|_| Problem::Certificate)?;
                if of_leaf.key != key {
                    return Err(Problem::Key);
                }
                Some(leaf.validity())
            }
        };
        Ok(Ok(Usable { key, validity, thumbprint }))
    }
}
