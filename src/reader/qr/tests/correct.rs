//! Correction against rxing's, and against what must hold of any.

use proptest::prelude::*;
use rxing::common::reedsolomon::{GenericGFRef, PredefinedGenericGF, ReedSolomonDecoder, ReedSolomonEncoder};

use super::super::correct::{correct, syndromes};
use super::Chance;

/// A codeword, as rxing makes it.
fn codeword(said: usize, correction: usize, chance: &mut Chance) -> Vec<u8> {
    let mut words: Vec<i32> = (0..said).map(|_| i32::from(chance.byte())).collect();
    words.resize(said + correction, 0);
    let field: GenericGFRef = PredefinedGenericGF::QrCodeField256.into();
    ReedSolomonEncoder::new(field).unwrap().encode(&mut words, correction).unwrap();
    words.into_iter().map(|word| word as u8).collect()
}

/// The block with so many of its words changed, and where; each change is one.
fn damaged(block: &[u8], places: usize, chance: &mut Chance) -> (Vec<u8>, Vec<usize>) {
    let mut order: Vec<usize> = (0..block.len()).collect();
    for at in 0..places {
        let other = at + chance.below(order.len() - at);
        order.swap(at, other);
    }
    order.truncate(places);
    let mut block = block.to_vec();
    for at in &order {
        block[*at] ^= 1 + chance.below(255) as u8;
    }
    (block, order)
}

fn is_codeword(block: &[u8], correction: usize) -> bool {
    syndromes(block, correction).iter().all(|syndrome| *syndrome == 0)
}

proptest! {
    #[test]
    fn what_is_within_reach_is_restored(seed: u64, said in 1_usize..150, correction in 2_usize..=68, share in 0.0..=1.0) {
        let mut chance = Chance(seed);
        let good = codeword(said, correction, &mut chance);
        let erasures = ((correction as f64 * share) as usize).min(good.len());
        let errors = ((correction - erasures) / 2).min(good.len() - erasures);
        let (mut bad, places) = damaged(&good, erasures + errors, &mut chance);
        // A place that was given up may be right after all.
        for place in &places[..erasures] {
            if chance.below(4) == 0 { bad[*place] = good[*place]; }
        }
        let away = syndromes(&bad, correction);
        prop_assert_eq!(correct(&mut bad, &away, &places[..erasures]), Some(errors));
        prop_assert_eq!(bad, good);
    }

    #[test]
    fn what_is_beyond_it_stays_as_it_was_or_becomes_a_codeword_within_reach(
        seed: u64, said in 1_usize..150, correction in 1_usize..=68, more in 1_usize..40, given_up in 0_usize..80,
    ) {
        let mut chance = Chance(seed);
        let good = codeword(said, correction, &mut chance);
        let (bad, places) = damaged(&good, (correction / 2 + more).min(good.len()), &mut chance);
        let erased = &places[..given_up.min(places.len())];
        let mut tried = bad.clone();
        match correct(&mut tried, &syndromes(&bad, correction), erased) {
            None => prop_assert_eq!(tried, bad),
            Some(errors) => {
                prop_assert!(is_codeword(&tried, correction));
                let changed = |at: &usize| tried[*at] != bad[*at] && !erased.contains(at);
                prop_assert_eq!((0..bad.len()).filter(changed).count(), errors);
                prop_assert!(errors * 2 + erased.len() <= correction);
            }
        }
    }

    #[test]
    fn what_is_made_of_nonsense_is_a_codeword(seed: u64, said in 1_usize..60, correction in 2_usize..=30, given_up in 0_usize..30) {
        let mut chance = Chance(seed);
        let erased: Vec<usize> = (0..given_up.min(correction).min(said)).collect();
        for _ in 0..200 {
            let mut block: Vec<u8> = (0..said + correction).map(|_| chance.byte()).collect();
            let away = syndromes(&block, correction);
            if correct(&mut block, &away, &erased).is_some() {
                prop_assert!(is_codeword(&block, correction));
            }
        }
    }

    #[test]
    fn of_errors_alone_it_says_what_rxing_says(seed: u64, said in 1_usize..120, correction in 2_usize..=30, errors in 0_usize..20) {
        let mut chance = Chance(seed);
        let good = codeword(said, correction, &mut chance);
        let (bad, _) = damaged(&good, errors.min(good.len()), &mut chance);
        let (mut ours, mut theirs) = (bad.clone(), bad.iter().map(|word| i32::from(*word)).collect::<Vec<i32>>());
        let field: GenericGFRef = PredefinedGenericGF::QrCodeField256.into();
        let count = ReedSolomonDecoder::new(field).decode(&mut theirs, correction as i32).ok();
        let away = syndromes(&bad, correction);
        // Of what is beyond it, rxing's makes now and then what is no codeword.
        let is_one = is_codeword(&theirs.iter().map(|word| *word as u8).collect::<Vec<u8>>(), correction);
        let count = count.filter(|count| is_one && count * 2 <= correction);
        prop_assert_eq!(correct(&mut ours, &away, &[]), count);
        if count.is_some() {
            prop_assert_eq!(ours.into_iter().map(i32::from).collect::<Vec<_>>(), theirs);
        }
    }

    #[test]
    fn nonsense_never_makes_it_panic(
        block in prop::collection::vec(any::<u8>(), 1..300), correction in 0_usize..80, erased in prop::collection::vec(0_usize..300, 0..90),
    ) {
        let mut erased: Vec<usize> = erased.into_iter().filter(|at| *at < block.len()).collect();
        erased.sort_unstable();
        erased.dedup();
        let mut tried = block.clone();
        if correct(&mut tried, &syndromes(&block, correction), &erased).is_some() {
            prop_assert!(is_codeword(&tried, correction));
        }
    }
}
