//! How long the box's certificate for the line is good: read off its file, whoever put it there.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use x509_cert::Certificate;
use x509_cert::der::{Decode as _, DecodePem as _};

/// The certificate in use, in the data folder.
const FILE: &str = "tls/current.crt";

/// Most bytes of it.
const LONGEST: u64 = 64 * 1024;

/// Until when it is good, in Unix seconds; none without one, or with one that cannot be read.
pub(crate) fn until(data: &Path) -> Option<i64> {
    let mut bytes = Vec::new();
    File::open(data.join(FILE)).ok()?.take(LONGEST).read_to_end(&mut bytes).ok()?;
    let certificate = Certificate::from_pem(&bytes).or_else(|_| Certificate::from_der(&bytes)).ok()?;
    i64::try_from(certificate.tbs_certificate.validity.not_after.to_unix_duration().as_secs()).ok()
}
