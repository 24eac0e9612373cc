//! Evidence from shades, and blur undone between modules.

use super::super::decode::{Decoded, decode};
use super::super::layout::layout;
use super::super::soft::{Unblur, careful_evidence, evidence};
use super::Chance;
use super::drawn::Grid;

/// Shades of a code's modules, 200 for light and 40 for dark, each spread over its neighbours by a Gauss's bell with
/// this deviation in modules, and noise of this deviation in shades. Beyond the code all is light.
fn shades(grid: &Grid, blur: f32, noise: f32, chance: &mut Chance) -> Vec<f32> {
    let weight = |d: i32| (-(d * d) as f32 / (2.0 * blur * blur).max(1e-6)).exp();
    let sum: f32 = (-3..=3).map(weight).sum();
    let size = grid.size as i32;
    let at = |x: i32, y: i32| {
        let dark = (0..size).contains(&x) && (0..size).contains(&y) && grid.is_dark(x as usize, y as usize);
        if dark { 40.0 } else { 200.0 }
    };
    let mut shades = Vec::new();
    for (y, x) in (0..size).flat_map(|y| (0..size).map(move |x| (y, x))) {
        let mut shade = 0.0;
        for (dy, dx) in (-3..=3).flat_map(|dy| (-3..=3).map(move |dx| (dy, dx))) {
            shade += at(x + dx, y + dy) * weight(dx) * weight(dy) / (sum * sum);
        }
        shades.push(shade + chance.normal() * noise);
    }
    shades
}

#[test]
fn evidence_does_not_depend_on_brightness_or_contrast() {
    let mut chance = Chance(4);
    let grid = Grid::of("brightness", 5, 1);
    let shades = shades(&grid, 0.5, 6.0, &mut chance);
    for how in [evidence, careful_evidence] {
        let plain = how(&shades, grid.size);
        for (gain, offset) in [(0.5, 0.0), (0.5, 100.0), (1.2, 10.0), (0.1, 120.0), (1.0, -30.0)] {
            let other: Vec<f32> = shades.iter().map(|shade| shade * gain + offset).collect();
            let worst = plain.iter().zip(how(&other, grid.size)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 0.01, "{worst} at a gain of {gain} and an offset of {offset}");
        }
    }
}

#[test]
fn evidence_holds_in_a_shadow_and_says_nothing_of_one_shade() {
    let mut chance = Chance(4);
    let grid = Grid::of("in the shadow of a roof", 6, 1);
    let mut shades = shades(&grid, 0.3, 1.0, &mut chance);
    // A third of the light is left at the far corner, and a hard edge halves it once more.
    for (at, shade) in shades.iter_mut().enumerate() {
        let (x, y) = ((at % grid.size) as f32 / grid.size as f32, (at / grid.size) as f32 / grid.size as f32);
        *shade *= (1.0 - (x + y) / 3.0) * if x < 0.55 { 1.0 } else { 0.5 };
    }
    for how in [evidence, careful_evidence] {
        let wrong =
            how(&shades, grid.size).iter().zip(grid.evidence()).filter(|(is, should)| *is * should < 0.0).count();
        assert!(wrong * 100 <= shades.len(), "{wrong} of {} modules are wrong", shades.len());
        let blank = how(&vec![137.0; grid.size * grid.size], grid.size);
        let most = blank.iter().fold(0.0_f32, |most, evidence| most.max(evidence.abs()));
        assert!(most < 0.1, "{most} of a blank sheet");
    }
}

/// One sharpness after the other until a code is beyond its own correction.
#[test]
fn a_blurred_code_reads_when_its_blur_is_undone() {
    let (mut plainly, mut undone, mut tried) = (0, 0, 0);
    for seed in 0..12 {
        let mut chance = Chance(seed);
        let (version, level) = (6 + seed as usize % 3, 0);
        let text = chance.text(100);
        let (grid, plan) = (Grid::of(&text, version, level), layout(version).unwrap());
        let seen = careful_evidence(&shades(&grid, 0.7, 1.5, &mut chance), grid.size);
        tried += 1;
        if let Decoded::Read(read) = decode(&seen, &plan) {
            assert_eq!(read, text);
            plainly += 1;
            continue;
        }
        let mut unblur = Unblur::new(&seen, &plan, &vec![0; seen.len()]);
        for _ in 0..5 {
            assert!(unblur.round());
            if let Decoded::Read(read) = decode(&unblur.evidence(), &plan) {
                assert_eq!(read, text);
                undone += 1;
                break;
            }
        }
    }
    println!("measured: of {tried} blurred codes {plainly} read as they are and {undone} more when the blur is undone");
    assert!(plainly <= tried / 4 && undone >= tried * 2 / 3, "{plainly} as they are, {undone} more undone");
}

#[test]
fn blur_of_nothing_is_not_undone_into_something() {
    let plan = layout(3).unwrap();
    for shade in [0.0, 1.0, -1.0] {
        let seen = vec![shade; plan.size * plan.size];
        let mut unblur = Unblur::new(&seen, &plan, &vec![0; seen.len()]);
        for _ in 0..5 {
            if !unblur.round() {
                break;
            }
            assert!(unblur.evidence().iter().all(|evidence| evidence.is_finite()));
            assert!(!matches!(decode(&unblur.evidence(), &plan), Decoded::Read(_)));
        }
    }
}
