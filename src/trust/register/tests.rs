use std::time::{Duration, Instant};

use proptest::prelude::*;

use wire::RegionId;
use zeroize::Zeroizing;

use super::*;

const CODE: &str = "K7M2-9QXA-4TRB-8ZWC";

fn pepper() -> Pepper {
    Pepper::new(Zeroizing::new(std::array::from_fn(|at| u8::try_from(at).unwrap())))
}

fn region() -> RegionId {
    "RU-TVE".parse().unwrap()
}

fn register() -> Register {
    Register::new(pepper(), region())
}

fn shown(what: Presented, text: &str) -> Shown {
    Shown::plain(what, text).unwrap()
}

#[test]
fn a_text_is_found_however_it_is_written_and_as_what_it_is() {
    let key = |what: Presented, text: &str| register().key(0, &shown(what, text));
    assert_eq!(key(Presented::Code, CODE), key(Presented::Code, "k7m2 9qxa 4trb 8zwc"));
    assert_eq!(key(Presented::Plate, "А123ВС 77"), key(Presented::Plate, "a123bc77"));
    assert_eq!(key(Presented::Plate, "А123ВС 77"), register().key(0, &Shown::plate("A123BC77").unwrap()));
    assert_eq!(key(Presented::Card, "0123 4567"), key(Presented::Card, "01234567"));
    assert_ne!(key(Presented::Link, "AbC"), key(Presented::Link, "ABC"));
    assert_ne!(key(Presented::Code, "01234567"), key(Presented::Card, "01234567"));
    let code = shown(Presented::Code, CODE);
    let elsewhere = Register::new(pepper(), "RU-MOS".parse().unwrap());
    assert_ne!(register().key(0, &code), register().key(18_383, &code));
    assert_ne!(register().key(0, &code), elsewhere.key(0, &code));
    // Told apart by hand: HKDF-SHA-256 of the bytes 0 to 31 and HMAC-SHA-256, as docs/formats/trust-parts.md says.
    assert_eq!(hex(&register().key(0, &code)), PINNED);
    for (what, text) in [(Presented::Card, "none"), (Presented::Code, " - "), (Presented::Link, "")] {
        assert!(matches!(Shown::plain(what, text), Err(Error::Text(_))), "{text}");
    }
}

#[test]
fn a_short_code_is_stretched_once_for_all_days_and_is_another_key() {
    let register = register();
    let short = shown(Presented::Code, "4711-0815");
    assert!(short.is_short() && !register.is_ready(&short) && register.is_ready(&shown(Presented::Code, CODE)));
    // Told apart by hand, with the Argon2id of OpenSSL 3.2, as docs/formats/trust-parts.md says.
    assert_eq!(hex(&register.key(0, &short)), PINNED_SHORT);
    assert!(register.is_ready(&short));
    assert_ne!(register.key(18_383, &short), register.key(0, &short));
    for text in ["4711-0816", "1", "2", "3", "4", "5", "6", "7"] {
        register.stretch(&shown(Presented::Code, text));
    }
    assert!(!register.is_ready(&short), "only the last ones are remembered");
    let (mut best, text) = (Duration::MAX, shown(Presented::Code, "5"));
    for _ in 0..3 {
        let (began, fresh) = (Instant::now(), self::register());
        fresh.stretch(&text);
        best = best.min(began.elapsed());
    }
    println!("measured: stretching a short code (Argon2id, 8 MiB, 2 passes): {best:?}");
    let (register, strong) = (self::register(), shown(Presented::Code, CODE));
    register.key(0, &strong);
    let began = Instant::now();
    for _ in 0..10_000 {
        std::hint::black_box(register.key(0, std::hint::black_box(&strong)));
    }
    println!("measured: the key of a strong code, its day known: {:?}", began.elapsed() / 10_000);
}

const PINNED_SHORT: &str = "17b2722957f480eeacf5d74811809fba";

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
        assert_eq!(shown(what, text).can_seal(), can, "{text}");
    }
    let compared = Compared::default();
    let sealed = register().seal(&shown(Presented::Plate, "A123BC77"), &[0; 16], &compared, [0; 12]);
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
        let (register, text) = (register(), shown(Presented::Code, "K7M29QXA4TRB8ZWC"));
        let key = register.key(0, &text);
        let mut sealed = register.seal(&text, &key, &compared, nonce).unwrap();
        prop_assert_eq!(&register.unseal(&text, &key, &sealed).unwrap(), &compared);
        let other = shown(Presented::Code, "K7M29QXA4TRB8ZWD");
        prop_assert!(register.unseal(&other, &key, &sealed).is_err());
        prop_assert!(register.unseal(&text, &[0; 16], &sealed).is_err());
        let at = at.index(sealed.len());
        sealed[at] ^= 1;
        prop_assert!(register.unseal(&text, &key, &sealed).is_err());
    }
}
