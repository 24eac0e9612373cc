//! Moscow and its oblast: each reads the other's passes, within what the other may issue and where.

use hq::IssueRequest;

use crate::federal::{of_a_stranger, rewritten};
use crate::picture::Look;
use crate::post::{BY, DAY, Post};
use crate::situation::*;

const CAR: &str = "A123BC50";

#[test]
fn moscow_and_its_oblast() {
    let mut post = Post::of("oblast", "RU-MOS", 50);
    let kinds = ["work", "medical", "personal"].map(|kind| post.kind(kind));
    post.region.add_issuer("RU-MOW", &kinds, BY, post.now() - DAY).unwrap();
    post.region.add_issuer("RU-TVE", &kinds, BY, post.now() - DAY).unwrap();
    let of = |issuer: &'static str, kind: &str, regions: &'static [u64]| {
        post.issue(kind, &[CAR], 5, move |pass: &mut IssueRequest| {
            (pass.issuer, pass.regions) = (Some(issuer.to_owned()), regions.to_vec());
        })
    };
    let own = of("RU-MOS", "work", &[]).text;
    let theirs = of("RU-MOW", "work", &[]).text;
    let both = of("RU-MOW", "work", &[77, 50]).text;
    let city_only = of("RU-MOW", "work", &[77]).text;
    let oblast_only = of("RU-MOS", "work", &[50]).text;
    let tver = of("RU-TVE", "work", &[]).text;
    let tver_medical = of("RU-TVE", "medical", &[]).text;
    let medical = of("RU-MOW", "medical", &[77, 50]).text;
    let personal = of("RU-MOW", "personal", &[]).text;
    let permanent = of("RU-MOS", "permanent", &[]).text;
    let one_time = of("RU-MOS", "one-time", &[]).text;
    let official = of("RU-MOS", "official", &[]).text;
    let taken_back = of("RU-MOW", "work", &[]);
    post.register(
        "code,3004ABCEHKMPTXY1,work,2020-04-13,2020-04-30,,,
         code,2704ABCEHKMPTXY3,medical,2020-04-27,2020-04-27,,,
         card,0123456789,work,2020-04-13,2020-04-30,,,",
    );
    post.revoke(&taken_back.id);
    let stranger = of_a_stranger(&post);
    let works = || admit("work").passed();
    let table = vec![
        row("the oblast's own", [typed(CAR), screen(&own), YES], works()),
        row("Moscow's", [typed(CAR), screen(&theirs), YES], works()),
        row("Moscow's, on paper", [typed(CAR), shown(&theirs, Look::Paper), YES], works()),
        row("Moscow's, at night", [typed(CAR), shown(&theirs, Look::Night), YES], works()),
        row("Moscow's for both territories", [typed(CAR), screen(&both), YES], works()),
        row("Moscow's for the city alone", [typed(CAR), screen(&city_only), NO], {
            refuse(&["wrong-territory"]).of("work").turned_back()
        }),
        row("the oblast's for the oblast alone", [typed(CAR), screen(&oblast_only), YES], works()),
        row("a third region's work pass: the condition names two", [typed(CAR), screen(&tver), NO], {
            refuse(&["condition-fails"]).of("work").turned_back()
        }),
        row("its medical pass", [typed(CAR), screen(&tver_medical), YES], {
            check(&["compare-document"]).of("medical").passed()
        }),
        row("Moscow's medical", [typed(CAR), screen(&medical), YES], {
            check(&["compare-document"]).of("medical").passed()
        }),
        row("Moscow's personal, once", [typed(CAR), screen(&personal), YES], {
            check(&["used-elsewhere-perhaps", "compare-document"]).of("personal").passed()
        }),
        row("twice", [typed(CAR), screen(&personal), YES], {
            check(&["used-elsewhere-perhaps", "compare-document"]).of("personal").passed()
        }),
        row("three times", [typed(CAR), screen(&personal), NO], {
            refuse(&["used-up", "used-elsewhere-perhaps", "compare-document"]).of("personal").turned_back()
        }),
        row("the oblast's permanent", [typed(CAR), screen(&permanent), YES], admit("permanent").passed()),
        row("the oblast's one-time", [typed(CAR), screen(&one_time), YES], {
            check(&["used-elsewhere-perhaps", "compare-document"]).of("one-time").passed()
        }),
        row("the oblast's official", [typed(CAR), screen(&official), YES], {
            check(&["compare-document"]).of("official").passed()
        }),
        row("a driver from Moscow in another car", [typed("E777EE77"), screen(&theirs), NO], {
            refuse(&["wrong-plate"]).of("work").turned_back()
        }),
        row("Moscow has taken it back", [typed(CAR), screen(&taken_back.text), NO], {
            refuse(&["revoked"]).of("work").turned_back()
        }),
        row("rewritten", [typed(CAR), screen(&rewritten(&theirs, CAR))], refuse(&["forged"])),
        row("of a region nobody here reads", [typed(CAR), screen(&stranger)], refuse(&["unknown-key"])),
        row("Moscow's code, typed", [typed("3004ABCEHKMPTXY1"), YES], works().by_keys()),
        row("Moscow's medical code", [typed("2704ABCEHKMPTXY3"), YES], {
            check(&["compare-document"]).of("medical").by_keys().passed()
        }),
        row("a code nobody knows", [typed("3004ABCEHKMPTXY9"), NO], {
            refuse(&["not-registered"]).by_keys().turned_back()
        }),
        row("a card", [typed("0123456789"), YES], works().by_keys()),
        row("the camera on the border is sure", [feed(CAR), screen(&theirs), YES], works()),
        row("lists are three days old: an unknown key may be new", [wait(3 * DAY as u64), screen(&stranger)], {
            check(&["unknown-key-old-list"])
        }),
    ];
    post.play("Moscow and its oblast", table);
}
