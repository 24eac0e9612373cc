//! What a root and a head must satisfy before anything is done on their word.

use wire::sign::{Context, Sign1};

use super::fetch::Fetch;
use super::slots::State;
use crate::Error;
use crate::format::{Head, LONGEST_ROOT, Root, SignedRoot, root_name};

/// Most roots walked in one adoption: a box that slept for years still arrives.
const MOST_ROOTS: u64 = 64;

/// Walks from the root a box has to the newest one, each signed by its predecessor and by itself
/// (TUF client workflow, 5.3). The root a head names must be there; a newer one is looked for as well, so
/// that a key a newer root has struck off cannot hide it by naming the older one.
pub(super) fn walk(fetch: &mut Fetch<'_>, mut root: Root, state: &mut State, named: u64) -> Result<Root, Error> {
    let first = root.version;
    loop {
        let expected = root.version.checked_add(1).ok_or(Error::Malformed("root"))?;
        let found = fetch.find(&root_name(expected), LONGEST_ROOT, "the root")?;
        let Some(bytes) = found else {
            return if named <= root.version {
                Ok(root)
            } else {
                Err(Error::RootVersion { expected: root.version, found: named })
            };
        };
        if expected - first > MOST_ROOTS {
            return Err(Error::RootVersion { expected: first + MOST_ROOTS, found: expected });
        }
        let signed = SignedRoot::parse(&bytes)?;
        let next = signed.root()?;
        // The old keys first: who may not say anything here may not choose the error either.
        if !signed.is_signed_by(&root) || !signed.is_signed_by(&next) {
            return Err(Error::RootSignatures);
        }
        if next.version != expected {
            return Err(Error::RootVersion { expected, found: next.version });
        }
        if next.region != root.region {
            return Err(Error::OtherRegion { expected: root.region, found: next.region });
        }
        if let Some(reset) = next.reset {
            state.sequence = state.sequence.min(reset.sequence);
            state.floor = state.floor.min(reset.floor);
        }
        state.root = bytes;
        root = next;
    }
}

/// Everything a head must satisfy. `now` is not before its `issued`, so that an old clock revives nothing.
pub(super) fn head(
    message: &Sign1<'_>,
    head: &Head,
    bytes: &[u8],
    root: &Root,
    state: &State,
    now: i64,
) -> Result<(), Error> {
    let signed = root.publishing_at(head.issued).any(|key| message.verify(Context::TrustManifest, &key).is_ok());
    if !signed {
        return Err(Error::HeadSignature);
    }
    if head.region != root.region {
        return Err(Error::OtherRegion { expected: root.region.clone(), found: head.region.clone() });
    }
    // The adopted head itself may come again: that is how damage to its objects is mended.
    let again = bytes == state.head && head.sequence == state.sequence;
    if !again && head.sequence <= state.sequence {
        let have = Head::parse(&state.head).ok().map(|(_, head)| head.sequence);
        return Err(if have == Some(head.sequence) {
            Error::Equivocation { sequence: head.sequence }
        } else {
            Error::Older { have: state.sequence, found: head.sequence }
        });
    }
    head.check_times()?;
    if head.issued < state.floor {
        return Err(Error::Times);
    }
    if now > head.not_after {
        return Err(Error::PastNotAfter);
    }
    if now > root.expires {
        return Err(Error::RootExpired);
    }
    Ok(())
}
