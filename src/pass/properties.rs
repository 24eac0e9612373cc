//! What holds for every pass and every text. The vectors of others are in `tests/vectors.rs`.

mod docs;
mod foreign;
mod hc1;
mod keys;
mod mp1;
mod registered;
mod samples;

use proptest::prelude::*;

use crate::{Error, Outcome, Step, Trace, read, trace};
use samples::text;

/// What a trace and a reading say of one text must be the same.
fn agree(text: &str) -> Trace {
    let (read, trace) = (read(text, &samples::keys()), trace(text, &samples::keys()));
    assert_eq!(read.as_ref().err(), trace.failure());
    match read {
        Ok(verified) => {
            assert_eq!((Some(verified.document), Some(verified.key)), (trace.document.clone(), trace.key));
            assert!(trace.is_verified());
            assert!(Step::ALL.iter().all(|step| matches!(trace.outcome(*step), Outcome::Held | Outcome::Absent)));
        }
        Err(error) => {
            assert_eq!(*trace.outcome(error.step()), Outcome::Failed(error.clone()));
            assert!(
                Step::ALL
                    .iter()
                    .filter(|s| **s < error.step())
                    .all(|s| !matches!(trace.outcome(*s), Outcome::Failed(_)))
            );
        }
    }
    trace
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        agree(&text);
    }

    #[test]
    fn no_text_that_begins_like_a_pass_makes_the_reader_panic(text in "(MP1:|HC1:|NZCP:/1/)[0-9A-Z $%*+./:-]{0,200}|shc:/[0-9/]{0,200}|\\{[\"a-z:0-9{}\\[\\],. -]{0,200}") {
        agree(&text);
    }

    #[test]
    fn no_bytes_in_an_envelope_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        agree(&text(&bytes));
        agree(&samples::hc1_text(&bytes));
        agree(&samples::nzcp_text(&bytes));
        agree(&samples::shc_text(&samples::jws(&samples::jws_header(), &bytes)));
        agree(&samples::health_card_of(&bytes));
    }

    #[test]
    fn a_damaged_pass_is_refused_with_a_typed_reason(at in any::<prop::sample::Index>(), with in "[ -~А-я\n]", cut in any::<bool>()) {
        for good in samples::one_of_each() {
            let mut bad: Vec<char> = good.chars().collect();
            let at = at.index(bad.len());
            if cut { bad.truncate(at) } else { bad[at] = with.chars().next().unwrap() }
            let bad: String = bad.into_iter().collect();
            if bad != good {
                prop_assert!(agree(&bad).failure().is_some(), "{bad}");
            }
        }
    }
}

#[test]
fn what_is_too_long_for_any_code_is_refused_unseen() {
    let long = format!("HC1:{}", "0".repeat(crate::LONGEST_TEXT));
    assert_eq!(agree(&long).outcome(Step::Prefix), &Outcome::Failed(Error::TooLong));
    for (format, limit) in [
        ("MP1:", crate::mp1::LONGEST_TEXT),
        ("HC1:", crate::hc1::LONGEST_TEXT),
        ("NZCP:/1/", crate::nzcp::LONGEST_TEXT),
        ("{", crate::vdsnc::LONGEST_TEXT),
    ] {
        let text = |length: usize| format!("{format}{}", "0".repeat(length - format.len()));
        assert_ne!(agree(&text(limit)).failure(), Some(&Error::TooLong));
        assert_eq!(agree(&text(limit + 1)).failure(), Some(&Error::TooLong));
    }
}

#[test]
fn what_does_not_begin_like_a_pass_is_none() {
    for text in ["nzcp:/1/2K", "NZCP:/2/2K", "SHC:/56", "shc:56", " {}", "[]", "\u{feff}{}"] {
        assert_eq!(agree(text).failure(), Some(&Error::NotAPass), "{text}");
    }
    for text in ["", "mp1:BB8", " MP1:BB8", "MP2:BB8", "HC1", "https://www.gosuslugi.ru/", "МР1:BB8"] {
        assert_eq!(agree(text).failure(), Some(&Error::NotAPass), "{text}");
    }
}

#[test]
fn an_unverified_trace_still_tells_what_the_pass_claims() {
    let none: Vec<(Vec<u8>, crate::PublicKey)> = vec![];
    for text in samples::one_of_each() {
        let trace = trace(&text, &none);
        assert!(matches!(trace.outcome(Step::Key), Outcome::Failed(Error::UnknownKey { kid }) if kid.len() == 8));
        assert_eq!(
            (trace.outcome(Step::Algorithm), trace.outcome(Step::Signature)),
            (&Outcome::Unreached, &Outcome::Unreached)
        );
        assert_eq!(trace.outcome(Step::Claims), &Outcome::Held);
        assert!(trace.document.is_some() && trace.payload.is_some() && !trace.is_verified());
    }
}
