//! Taking an answer: everything that must hold of it, before anything of it is kept.

use ed25519_dalek::VerifyingKey;
use trust::format::Root;
use wire::WallTime;
use wire::enrol::{Bundle, Kind};
use wire::sign::{self, Sign1};

use super::{Certificate, Enrolled, Refused, TlsFiles, keep, request};
use crate::config::Config;
use crate::identity::Keys;

/// Takes HQ's answer, as it came: COSE or its text. `root` is the newest root that this box has adopted, `floor` the
/// newest time that HQ has signed (Unix seconds), `now` the box's own, as far as it may be believed.
///
/// # Errors
/// [`Refused`]; then nothing has changed.
pub fn accept(config: &Config, answer: &[u8], root: &Root, floor: i64, now: WallTime) -> Result<Enrolled, Refused> {
    let cose = wire::enrol::from_any(answer).ok_or(Refused::Damaged)?;
    let lock = keep::lock(&config.data)?;
    lock.try_lock().map_err(|_| Refused::Busy)?;
    let keys = request::keys(config)?;
    // What an earlier one left to be done comes first: only one request waits.
    keep::finish(&config.data)?;
    let bundle = verified(&cose, root)?;
    check(config, &keys, &bundle)?;
    if request::waiting(&config.data)? != Some(bundle.nonce) {
        return Err(Refused::Replayed);
    }
    certificates(config, &keys, &bundle, latest(floor, now))?;
    keep::secrets(&bundle, &keys.receive)?;
    keep::take(&keep::Disk::new(), &config.data, &cose, &bundle, &keys.receive)?;
    tracing::info!(issued = bundle.issued, "enrolled");
    Ok(Enrolled { bundle, tls: TlsFiles::of(&config.data) })
}

/// The earliest that it can be: HQ's signed time, and the box's own where that is sound.
fn latest(floor: i64, now: WallTime) -> i64 {
    if now.trust.is_sound() { floor.max(now.unix()) } else { floor }
}

/// The bundle, if the root's command keys vouch for it.
pub(super) fn verified(cose: &[u8], root: &Root) -> Result<Bundle, Refused> {
    let claims = kept(cose)?;
    // The keys that counted when it was made, as with receipts: an old answer to an old request is refused for its
    // nonce or its certificate.
    let keys: Vec<VerifyingKey> = root.command_at(claims.issued).collect();
    match Bundle::verify(cose, keys) {
        Ok(bundle) => Ok(bundle),
        // It is signed by nobody known here; that it is somebody else's is the better word.
        Err(_) if claims.region != root.region => {
            Err(Refused::OtherRegion { expected: root.region.clone(), found: claims.region })
        }
        Err(wire::Error::Sign(sign::Error::OtherKey)) => Err(Refused::OtherRoot),
        Err(wire::Error::Sign(_)) => Err(Refused::NotSigned),
        Err(_) => Err(Refused::Damaged),
    }
}

/// What an envelope says, whoever signed it: for what this box has kept itself, and for a word to those who brought it.
pub(super) fn kept(cose: &[u8]) -> Result<Bundle, Refused> {
    let envelope = Sign1::parse(cose).map_err(|_| Refused::Damaged)?;
    wire::decode::<Bundle>(envelope.payload, "enrolment bundle").map_err(|_| Refused::Damaged)
}

/// That it is for this box.
fn check(config: &Config, keys: &Keys, bundle: &Bundle) -> Result<(), Refused> {
    let Bundle { kind: Kind, region, name, signing, .. } = bundle;
    if *region != config.region {
        return Err(Refused::OtherRegion { expected: config.region.clone(), found: region.clone() });
    }
    if *name != config.name || *signing != sign::Signer::public(&keys.signing).to_bytes() {
        return Err(Refused::OtherBox { found: name.clone() });
    }
    Ok(())
}

/// That its certificates are what this box needs: its own key and name, one authority that issued it, time left.
fn certificates(config: &Config, keys: &Keys, bundle: &Bundle, earliest: i64) -> Result<(), Refused> {
    let own = Certificate::from_der(&bundle.certificate)?;
    if !own.is_for(&keys.tls.public()) || own.name().as_deref() != Some(config.name.as_str()) {
        return Err(Refused::Certificate);
    }
    let authorities: Result<Vec<_>, _> = bundle.authorities.iter().map(|der| Certificate::from_der(der)).collect();
    let authorities = authorities.map_err(|_| Refused::Authority)?;
    let issued = authorities.first().is_some_and(|first| own.is_issued_by(first));
    if !issued || !authorities.iter().all(Certificate::is_authority) {
        return Err(Refused::Authority);
    }
    if own.not_after() < earliest { Err(Refused::TooOld) } else { Ok(()) }
}
