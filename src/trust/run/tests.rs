use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::desk::noise;

/// Takes packets until the run is whole; says after how many, and how often it began anew.
fn collect(collector: &mut Collector, texts: impl IntoIterator<Item = String>) -> Option<(Vec<u8>, usize, usize)> {
    let mut spoilt = 0;
    for (taken, text) in texts.into_iter().enumerate() {
        match collector.take(&Packet::read(&text).unwrap()) {
            Step::Whole(bytes) => return Some((bytes, taken + 1, spoilt)),
            Step::Spoilt => spoilt += 1,
            Step::Gathered(..) | Step::Known => {}
        }
    }
    None
}

/// A packet of this run with other bytes, and with a checksum that holds.
fn poisoned(run: &Run, number: u32) -> String {
    let mut other = run.clone();
    other.padded.iter_mut().for_each(|byte| *byte ^= 0x55);
    other.text(number)
}

#[test]
fn what_is_seen_from_the_first_picture_on_needs_no_picture_twice() {
    let bytes = noise(16_000, 1);
    let run = Run::new(&bytes, 200).unwrap();
    assert_eq!(run.symbols(), 80);
    let mut collector = Collector::default();
    assert_eq!(collect(&mut collector, (0..80).map(|number| run.text(number))), Some((bytes, 80, 0)));
    assert_eq!(collector.take(&Packet::read(&run.text(3)).unwrap()), Step::Known);
    assert!(run.text(79).bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || b" $%*+-./:".contains(&c)));
}

#[test]
fn how_far_it_is_grows_with_what_is_new_and_not_with_what_is_seen_again() {
    let run = Run::new(&noise(1000, 1), 100).unwrap();
    let mut collector = Collector::default();
    let mut take = |number| collector.take(&Packet::read(&run.text(number)).unwrap());
    let steps = [take(4), take(4), take(4000), take(4000), take(0)];
    assert_eq!(steps, [1, 1, 2, 2, 3].map(|known| Step::Gathered(known, 10)));
}

#[test]
fn a_contradiction_is_seen_at_once_and_the_run_goes_on_without_what_was_wrong() {
    let bytes = noise(1000, 7);
    let run = Run::new(&bytes, 100).unwrap();
    let mut collector = Collector::default();
    collector.take(&Packet::read(&run.text(2)).unwrap());
    assert_eq!(collector.take(&Packet::read(&poisoned(&run, 2)).unwrap()), Step::Spoilt);
    assert_eq!(collect(&mut collector, (20..).map(|number| run.text(number))).unwrap().0, bytes);
}

#[test]
fn one_poisoned_symbol_costs_one_round_and_does_not_wedge_the_box() {
    let bytes = noise(4000, 3);
    let run = Run::new(&bytes, 100).unwrap();
    let mut collector = Collector::default();
    collector.take(&Packet::read(&poisoned(&run, 5)).unwrap());
    let (collected, taken, spoilt) = collect(&mut collector, (0..).map(|number| run.text(number % 120))).unwrap();
    assert_eq!((collected, spoilt), (bytes, 1));
    assert!(taken <= 90, "{taken} packets");
}

#[test]
fn the_longest_run_stays_small_in_memory_and_whatever_is_longer_or_finer_is_no_packet() {
    let bytes = noise(LONGEST, 5);
    let run = Run::new(&bytes, 128).unwrap();
    assert_eq!(run.symbols(), 1024);
    let mut collector = Collector::default();
    assert_eq!(collect(&mut collector, (3000..).map(|number| run.text(number)).take(1030)).unwrap().0, bytes);
    assert!(Run::new(&bytes, 127).is_none());
    assert!(Run::new(&noise(LONGEST + 1, 5), 1000).is_none());
    assert!(Run::new(&[], 100).is_none() && Run::new(&[1], 0).is_none());
    // The same by text, with every check sum in order.
    let lie = |length, size: usize| Run { id: [0; 8], length, size, padded: vec![0; size] }.text(0);
    assert!(Packet::read(&lie(LONGEST, 128)).is_some());
    for text in [lie(LONGEST + 1, 1000), lie(LONGEST, 127), lie(0, 100), lie(1025, 1), lie(0xFF_FFFF, 2000)] {
        assert_eq!(Packet::read(&text), None);
    }
}

#[test]
fn of_three_runs_at_once_the_one_that_was_seen_least_lately_is_given_up() {
    let [a, b, c] = [1, 2, 3].map(|seed| Run::new(&noise(200, seed), 100).unwrap());
    let mut collector = Collector::default();
    let mut take = |run: &Run, number| collector.take(&Packet::read(&run.text(number)).unwrap());
    for run in [&a, &b, &c] {
        assert_eq!(take(run, 0), Step::Gathered(1, 2));
    }
    assert!(matches!(take(&b, 1), Step::Whole(_)) && matches!(take(&c, 1), Step::Whole(_)));
    assert_eq!(take(&a, 1), Step::Gathered(1, 2));
}

proptest! {
    #[test]
    fn any_packets_in_any_order_put_the_bytes_together(
        bytes in prop::collection::vec(any::<u8>(), 1..3000), size in 16_usize..120,
        numbers in prop::collection::vec(prop_oneof![0_u32..400, 0_u32..0x100_0000], 400),
    ) {
        let run = Run::new(&bytes, size).unwrap();
        let mut collector = Collector::default();
        let texts = numbers.iter().map(|number| run.text(*number));
        let different = numbers.iter().collect::<std::collections::BTreeSet<_>>().len();
        // Two more than there are symbols fail once in 2²⁴ runs.
        if different >= run.symbols() as usize + 3 {
            let (collected, _, spoilt) = collect(&mut collector, texts).unwrap();
            prop_assert_eq!((collected, spoilt), (bytes, 0));
        }
    }

    #[test]
    fn mixed_runs_and_poison_never_yield_what_was_not_sent(
        seeds in prop::array::uniform2(any::<u64>()), length in 1_usize..900,
        order in prop::collection::vec((0_usize..4, 0_u32..40), 0..300),
    ) {
        let runs = seeds.map(|seed| Run::new(&noise(length, seed), 32).unwrap());
        let sent = seeds.map(|seed| noise(length, seed));
        let mut collector = Collector::default();
        for (which, number) in order {
            let run = &runs[which % 2];
            let text = if which < 2 { run.text(number) } else { poisoned(run, number) };
            if let Step::Whole(bytes) = collector.take(&Packet::read(&text).unwrap()) {
                prop_assert!(sent.contains(&bytes));
            }
        }
        // And once nobody lies any more, both come.
        for (run, sent) in runs.iter().zip(sent) {
            collector.forget();
            let came = collect(&mut collector, (0..).map(|number| run.text(number)).take(length / 32 + 1));
            prop_assert_eq!(came.map(|came| came.0), Some(sent));
        }
    }

    #[test]
    fn a_text_that_was_changed_anywhere_is_no_packet(at in any::<Index>(), to in "[0-9A-Z $%*+./:-]") {
        let text = Run::new(&noise(500, 1), 64).unwrap().text(9);
        let mut changed = text.clone();
        let at = at.index(text.len());
        changed.replace_range(at..=at, &to);
        prop_assert!(changed == text || Packet::read(&changed).is_none());
    }

    #[test]
    fn no_text_is_too_strange(body in "\\PC{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut collector = Collector::default();
        let sealed = [bytes.as_slice(), &sha256(&bytes)[..AFTER]].concat();
        for text in [format!("{PREFIX}{body}"), body, format!("{PREFIX}{}", pass::base45_encode(&sealed))] {
            if let Some(packet) = Packet::read(&text) {
                prop_assert!(!matches!(collector.take(&packet), Step::Known));
            }
        }
    }
}
