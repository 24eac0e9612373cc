//! Several views of a code that none of them shows.

use std::time::Duration;

use super::super::decode::{Decoded, decode};
use super::super::geometry::{Point, point};
use super::super::memory::Memories;
use super::super::{Effort, Open, search};
use super::drawn::{Canvas, Grid, Pose};
use super::{Chance, unhurried};

const POSE: Pose = Pose { at: point(320.0, 240.0), module: 6.0, turn: 7.0, tilt: 0.0 };

/// Which third of a code a reflection covers; the finders are spared.
fn covers(third: usize, size: usize, p: Point) -> bool {
    let end = size as f32;
    let is_finder = (p.y < 9.0 && (p.x < 9.0 || p.x > end - 9.0)) || (p.y > end - 9.0 && p.x < 9.0);
    let (from, to) = (third as f32 * end / 3.0, (third + 1) as f32 * end / 3.0);
    let is_inside = p.x >= 0.0 && p.x < end && p.y >= from && p.y < to;
    is_inside && !is_finder
}

/// What a view of a code leaves open when a third of it is white. By itself it must not be readable.
fn view(grid: &Grid, third: usize, chance: &mut Chance) -> Vec<Open> {
    let mut canvas = Canvas::road(640, 480);
    canvas.code(grid, &POSE);
    canvas.cover(grid, &POSE, 255.0, |p| covers(third, grid.size, p));
    canvas.blur(0.7);
    canvas.noise(3.0, chance);
    let mut search = search(canvas.image().view(), Effort::Much, unhurried());
    assert!(search.found.is_empty(), "a third is not enough: {:?}", search.found[0].text);
    let open = search.unread();
    assert!(!open.is_empty(), "not even seen");
    open
}

fn add(memories: &mut Memories, view: &[Open], at: u64) -> Option<String> {
    view.iter().find_map(|open| memories.add(open, Duration::from_millis(at), unhurried()))
}

#[test]
fn three_views_that_each_miss_a_third_read_together() {
    let mut chance = Chance(1);
    for version in [5, 8, 12] {
        let text = chance.text(80);
        let grid = Grid::of(&text, version, 0);
        let mut memories = Memories::default();
        let read = (0..6).find_map(|number| {
            let view = view(&grid, number % 3, &mut chance);
            add(&mut memories, &view, number as u64 * 33)
        });
        assert_eq!(read, Some(text), "version {version}");
    }
}

#[test]
fn views_too_long_apart_are_not_of_one_code() {
    let mut chance = Chance(2);
    let grid = Grid::of(&chance.text(80), 8, 0);
    let views: Vec<Vec<Open>> = (0..3).map(|third| view(&grid, third, &mut chance)).collect();
    let mut memories = Memories::default();
    for number in 0..9 {
        assert_eq!(add(&mut memories, &views[number % 3], number as u64 * 2000), None);
    }
    // A clock that goes backwards is no reason to fall.
    assert_eq!(add(&mut memories, &views[0], 0).filter(|text| text.len() != 80), None);
}

#[test]
fn what_is_forgotten_does_not_come_back() {
    let mut chance = Chance(3);
    let grid = Grid::of(&chance.text(80), 8, 0);
    let views: Vec<Vec<Open>> = (0..3).map(|third| view(&grid, third, &mut chance)).collect();
    let mut memories = Memories::default();
    assert_eq!(add(&mut memories, &views[0], 0), None);
    memories.forget();
    assert_eq!(add(&mut memories, &views[1], 33), None);
    memories.forget();
    assert_eq!(add(&mut memories, &views[2], 66), None);
}

/// Two codes of one size in turn: each may be read, nothing else.
#[test]
fn two_codes_in_turn_never_make_a_third() {
    let mut chance = Chance(4);
    let mut read = 0;
    for round in 0..4 {
        let texts = [0; 2].map(|_| chance.text(80));
        let mut memories = Memories::default();
        for number in 0..12 {
            let which = if round % 2 == 0 { number % 2 } else { number / 2 % 2 };
            let view = view(&Grid::of(&texts[which], 6, 0), number % 3, &mut chance);
            if let Some(text) = add(&mut memories, &view, number as u64 * 33) {
                assert_eq!(text, texts[which], "round {round}, view {number}: what is shown is what is read");
                read += 1;
            }
        }
    }
    assert!(read > 0, "none was ever read");
}

/// Passes of one family differ in little, and so do their codes: what is nearly the same must not become one.
#[test]
fn two_codes_that_differ_in_little_never_make_a_third() {
    let mut chance = Chance(5);
    for round in 0..6 {
        let same = chance.text(88);
        // One letter near the beginning and one near the end: in two blocks.
        let mut texts = [same.clone(), same];
        texts[1].replace_range(3..5, "ZZ");
        texts[1].replace_range(80..82, "QQ");
        let grids = texts.each_ref().map(|text| Grid::of(text, 6, 0));
        let mut memories = Memories::default();
        for number in 0..12 {
            let which = if round % 2 == 0 { number % 2 } else { number / 3 % 2 };
            let view = view(&grids[which], number % 3, &mut chance);
            if let Some(text) = add(&mut memories, &view, number as u64 * 33) {
                assert_eq!(text, texts[which], "round {round}, view {number}: what is shown is what is read");
            }
        }
    }
}

/// A view that shows one block in full and the other too damaged to be read.
fn half_read(grid: &Grid, block: usize, chance: &mut Chance) -> Open {
    let mut open = view(grid, 0, chance).into_iter().next().unwrap();
    open.evidence = grid.evidence();
    let bits = open.lattice.layout.bits.clone();
    // Two blocks take turns.
    for word in bits.as_chunks::<8>().0.iter().skip(1 - block).step_by(2).take(20) {
        word.iter().for_each(|place| open.evidence[*place as usize] = 0.0);
    }
    let Decoded::Seen { known, share } = decode(&open.evidence, &open.lattice.layout) else {
        panic!("it is read, or not seen")
    };
    assert!((share - 0.5).abs() < 0.01, "{share}");
    open.known = known;
    open
}

/// Passes of one family differ in little: what is known of one must not be completed from the other.
#[test]
fn halves_of_two_codes_that_differ_in_little_never_make_a_third() {
    let mut chance = Chance(6);
    for _ in 0..24 {
        let (one, two) = (chance.text(130), chance.text(2));
        let mut other = one.clone();
        other.replace_range(3..5, &two);
        other.replace_range(100..102, &two);
        let grids = [&one, &other].map(|text| Grid::of(text, 6, 0));
        let mut memories = Memories::default();
        let views = [half_read(&grids[0], 0, &mut chance), half_read(&grids[1], 1, &mut chance)];
        for number in 0..6 {
            let which = number % 2;
            if let Some(text) = add(&mut memories, std::slice::from_ref(&views[which]), number as u64 * 33) {
                assert!([&one, &other].contains(&&text), "a third: {text}, of {one} and {other}, view {number}");
            }
        }
    }
}
