//! Signing roots, and adding one to a release folder.

use std::path::Path;

use trust::format::{Root, SignedRoot, root_name, sha256};
use wire::sign::{Context, Signer};

use super::{Error, Shelf};

/// Signs a root with the root keys at hand. They need not be all that must sign: the signatures of another
/// machine are joined in by [`SignedRoot::signatures`].
///
/// # Errors
/// [`Error::Root`] when it cannot be any region's root.
pub fn sign_root(root: &Root, signers: &[&dyn Signer]) -> Result<SignedRoot, Error> {
    root.check().map_err(|source| Error::Root { version: root.version, source })?;
    let payload = wire::encode(root);
    let digest = sha256(&payload);
    let signatures = signers.iter().map(|signer| wire::sign::sign(Context::TrustRoot, *signer, &digest).into());
    Ok(SignedRoot { signatures: signatures.collect(), payload })
}

/// Adds a root to a release folder: the first, or the one that follows the newest. It serves with the next
/// release. Returns its version.
///
/// # Errors
/// [`Error::Root`] with what boxes would say of it.
pub fn add_root(folder: &Path, signed: &SignedRoot) -> Result<u64, Error> {
    let mut shelf = Shelf::lock(folder)?;
    let roots = read(&shelf)?;
    let next = follow(roots.last(), signed)?;
    let bytes = wire::encode(signed);
    // As boxes read it, length included.
    SignedRoot::parse(&bytes).map_err(|source| Error::Root { version: next.version, source })?;
    shelf.put(root_name(next.version), bytes);
    shelf.commit()?;
    Ok(next.version)
}

/// Every root of a release folder, each checked against the one before, oldest first.
///
/// # Errors
/// [`Error::Root`], [`Error::File`].
pub fn roots(folder: &Path) -> Result<Vec<Root>, Error> {
    read(&Shelf::lock(folder)?)
}

pub(super) fn read(shelf: &Shelf) -> Result<Vec<Root>, Error> {
    let mut roots: Vec<Root> = Vec::new();
    for version in 1.. {
        let Some(bytes) = shelf.read(&root_name(version))? else { break };
        let signed = SignedRoot::parse(&bytes).map_err(|source| Error::Root { version, source })?;
        roots.push(follow(roots.last(), &signed)?);
    }
    Ok(roots)
}

/// The root inside, if it may follow another; the first may follow nothing.
fn follow(last: Option<&Root>, signed: &SignedRoot) -> Result<Root, Error> {
    let expected = last.map_or(1, |last| last.version.saturating_add(1));
    let refused = |source| Error::Root { version: expected, source };
    let next = signed.root().map_err(refused)?;
    if next.version != expected {
        return Err(refused(trust::Error::RootVersion { expected, found: next.version }));
    }
    if let Some(last) = last.filter(|last| last.region != next.region) {
        return Err(refused(trust::Error::OtherRegion { expected: last.region.clone(), found: next.region }));
    }
    if !signed.is_signed_by(&next) || last.is_some_and(|last| !signed.is_signed_by(last)) {
        return Err(refused(trust::Error::RootSignatures));
    }
    Ok(next)
}
