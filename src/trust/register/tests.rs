use proptest::prelude::*;

use super::*;

const CODE: &str = "K7M2-9QXA-4TRB-8ZWC";

fn pepper() -> Pepper {
    Pepper::new(Zeroizing::new(std::array::from_fn(|at| u8::try_from(at).unwrap())))
}

fn region() -> RegionId {
    "RU-TVE".parse().unwrap()
}

#[test]
fn a_text_is_found_however_it_is_written_and_as_what_it_is() {
    let key = |what: Presented, text: &str| pepper().key(&region(), 0, what, &what.normal(text).unwrap());
    assert_eq!(key(Presented::Code, CODE), key(Presented::Code, "k7m2 9qxa 4trb 8zwc"));
    assert_eq!(key(Presented::Plate, "А123ВС 77"), key(Presented::Plate, "a123bc77"));
    assert_eq!(key(Presented::Card, "0123 4567"), key(Presented::Card, "01234567"));
    assert_ne!(key(Presented::Link, "AbC"), key(Presented::Link, "ABC"));
    assert_ne!(key(Presented::Code, "01234567"), key(Presented::Card, "01234567"));
    let (what, normal) = (Presented::Code, Presented::Code.normal(CODE).unwrap());
    let elsewhere = "RU-MOS".parse().unwrap();
    let of = |region: &RegionId, day| pepper().key(region, day, what, &normal);
    assert_ne!(of(&region(), 0), of(&region(), 18_383));
    assert_ne!(of(&region(), 0), of(&elsewhere, 0));
    // Told apart by hand: HKDF-SHA-256 of the bytes 0 to 31 and HMAC-SHA-256, as docs/formats/trust-parts.md says.
    assert_eq!(hex(&of(&region(), 0)), PINNED);
    for (what, text) in [(Presented::Card, "none"), (Presented::Code, " - "), (Presented::Link, "")] {
        assert!(matches!(what.normal(text), Err(Error::Text(_))), "{text}");
    }
}

const PINNED: &str = "e40e41af94c3113e5ff4b383d304c3ef";

#[test]
fn only_what_nobody_guesses_seals() {
    for (what, text, can) in [
        (Presented::Code, "K7M29QXA4TRB8ZWC", true),
        (Presented::Code, "K7M29QXA4TRB8ZW", false),
        (Presented::Code, "1234567890123456", false),
        (Presented::Code, "1234567890123456789012345", true),
        (Presented::Link, "dQw4w9WgXcQ-Zf", false),
        (Presented::Link, "dQw4w9WgXcQZfa", true),
        (Presented::Card, "1234567890123456789012345", false),
        (Presented::Plate, "A123BC77A123BC77A123", false),
    ] {
        assert_eq!(what.can_seal(text), can, "{text}");
    }
    let compared = Compared::default();
    let sealed = pepper().seal(&region(), (Presented::Plate, "A123BC77"), &[0; 16], &compared, [0; 12]);
    assert!(matches!(sealed, Err(Error::Text(_))));
}

#[test]
fn a_pepper_is_read_as_it_was_written_and_nothing_else_is_one() {
    let line = pepper().line();
    assert_eq!(Pepper::parse(&line).unwrap().0, pepper().0);
    let zeros = format!("{LINE}{}\n", "00".repeat(32));
    for bad in ["", "\n", line.trim_end(), &line[1..], &line.replace("pepper", "sealing"), &zeros] {
        assert!(matches!(Pepper::parse(bad), Err(Error::Pepper)), "{bad:?}");
    }
}

proptest! {
    #[test]
    fn a_sealed_part_opens_with_its_text_at_its_place_and_else_never(
        holder in proptest::option::of("[A-Z]{1,30}"), birth in proptest::option::of("[0-9]{4}"),
        nonce in any::<[u8; 12]>(), at in any::<prop::sample::Index>(),
    ) {
        let compared = Compared { holder, birth, ..Compared::default() };
        let text = (Presented::Code, "K7M29QXA4TRB8ZWC");
        let key = pepper().key(&region(), 0, text.0, text.1);
        let mut sealed = pepper().seal(&region(), text, &key, &compared, nonce).unwrap();
        prop_assert_eq!(&pepper().unseal(&region(), text, &key, &sealed).unwrap(), &compared);
        prop_assert!(pepper().unseal(&region(), (text.0, "K7M29QXA4TRB8ZWD"), &key, &sealed).is_err());
        prop_assert!(pepper().unseal(&region(), text, &[0; 16], &sealed).is_err());
        let at = at.index(sealed.len());
        sealed[at] ^= 1;
        prop_assert!(pepper().unseal(&region(), text, &key, &sealed).is_err());
    }
}
