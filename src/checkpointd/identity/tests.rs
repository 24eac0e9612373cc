use std::os::unix::fs::PermissionsExt as _;

use wire::sign::Signer as _;

use super::*;

/// The files of the keys, and where each is written first.
const FILES: [&str; 3] = ["identity.key", "receive.key", "tls/current.key"];

fn publics(keys: &Keys) -> ([u8; 32], [u8; 32], wire::enrol::TlsKey) {
    (keys.signing.public().to_bytes(), keys.receive.public(), keys.tls.public())
}

#[test]
fn a_key_is_made_once_and_never_replaced() {
    let data = tempfile::tempdir().unwrap();
    let made = Identity::create(data.path()).unwrap();
    assert!(Identity::create(data.path()).is_err());
    assert_eq!(Identity::open(data.path()).unwrap().public(), made.public());
    assert_eq!(Identity::open_or_create(data.path()).unwrap().public(), made.public());
    let keys = Keys::open_or_create(data.path()).unwrap();
    assert_eq!(keys.signing.public(), made.public());
    assert_eq!(publics(&Keys::open_or_create(data.path()).unwrap()), publics(&keys));
    for file in FILES {
        let path = data.path().join(file);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
        assert!(file::create(&path, b"another").is_err(), "{file}");
    }
    assert_eq!(publics(&Keys::open_or_create(data.path()).unwrap()), publics(&keys));
}

#[test]
fn what_a_power_cut_left_of_a_key_is_not_in_the_way_of_the_next() {
    let data = tempfile::tempdir().unwrap();
    std::fs::create_dir(data.path().join(TLS)).unwrap();
    for file in FILES {
        std::fs::write(data.path().join(format!("{file}.part")), [1; 7]).unwrap();
    }
    let made = Keys::open_or_create(data.path()).unwrap();
    assert_eq!(publics(&Keys::open_or_create(data.path()).unwrap()), publics(&made));
    for file in FILES {
        assert!(!data.path().join(format!("{file}.part")).exists());
    }
}

#[test]
fn a_key_that_rots_is_told_and_not_made_anew() {
    let data = tempfile::tempdir().unwrap();
    Keys::open_or_create(data.path()).unwrap();
    for file in FILES {
        let path = data.path().join(file);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(matches!(Keys::open_or_create(data.path()), Err(Error::Identity { .. })), "{file}");
        std::fs::write(&path, whole).unwrap();
    }
}

#[test]
fn what_is_sealed_to_the_box_opens_there_and_nowhere_else() {
    use hpke::{Deserializable as _, OpModeS, Serializable as _};
    use rand_core::TryRngCore as _;
    type Kem = hpke::kem::X25519HkdfSha256;
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (one, other) = (Receive::open_or_create(one.path()).unwrap(), Receive::open_or_create(other.path()).unwrap());
    let to = <Kem as hpke::Kem>::PublicKey::from_bytes(&one.public()).unwrap();
    let (encapsulated, sealed) = hpke::single_shot_seal::<hpke::aead::ChaCha20Poly1305, hpke::kdf::HkdfSha256, Kem, _>(
        &OpModeS::Base,
        &to,
        b"here",
        b"secret",
        &[],
        &mut rand_core::OsRng.unwrap_err(),
    )
    .unwrap();
    let sealed = [&encapsulated.to_bytes()[..], &sealed].concat();
    assert_eq!(*one.open_sealed(&sealed, b"here").unwrap(), b"secret");
    assert!(one.open_sealed(&sealed, b"there").is_none());
    assert!(other.open_sealed(&sealed, b"here").is_none());
    assert!(one.open_sealed(&sealed[..31], b"here").is_none());
    for bit in 0..sealed.len() * 8 {
        let mut flipped = sealed.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        // The highest bit of an X25519 point is not looked at (RFC 7748 §5), but HPKE binds it.
        assert!(one.open_sealed(&flipped, b"here").is_none(), "bit {bit}");
    }
}
