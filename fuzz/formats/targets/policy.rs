//! A policy as boxes get it, or a condition as people write it: refused, or read, and then every text is of one of its
//! forms or of none, and every condition that is taken has an answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use verdict::condition::{Expected, LONGEST, Subject};
use verdict::Policy;

fuzz_target!(|data: &[u8]| {
    if let Ok(policy) = minicbor::decode::<Policy>(data) {
        assert_eq!(minicbor::decode::<Policy>(&wire::encode(&policy)).ok().as_ref(), Some(&policy));
        for text in ["", "https://disk.yandex.ru/i/abcdefghijkl", "3004-A123-BE45-K678", "01234567890"] {
            let _ = policy.forms.recognise(text);
        }
        let _ = policy.forms.check();
        for condition in policy.kinds.iter().filter_map(|rule| rule.condition.as_deref()) {
            ask(condition);
        }
    }
    if let Ok(text) = str::from_utf8(data) {
        ask(text);
    }
});

fn ask(text: &str) {
    let Ok(expected) = Expected::parse(text) else { return };
    assert!(text.len() <= LONGEST);
    let known = Subject {
        kind: 1,
        format: "MP1",
        issuer: "RU-TVE",
        regions: &[69, 77],
        hours_left: Some(3),
        local: Some((23, 59, 7)),
        plate: Some(("A123BC77", Some("77"))),
        direction: Some("out"),
        ..Subject::default()
    };
    for subject in [Subject::default(), known] {
        assert_eq!(expected.of(&subject), expected.of(&subject));
    }
}
