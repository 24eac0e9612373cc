//! The steps of our own search one by one, for `cargo bench` and nobody else: what one of them costs shows which is
//! worth work. No type of theirs is seen outside.

use std::hint::black_box;
use std::time::Duration;

use board::Frame;

use crate::glance::Glance;
use crate::qr::Deadline;
use crate::qr::image::View;
use crate::qr::lattice::{self, Lattice};
use crate::qr::sharpen::{self, Grain};
use crate::qr::threshold::{Rule, threshold};
use crate::qr::{corner, decode, finder, soft, triple};

/// A step with its name: done again with every call.
pub type Step<'f> = (&'static str, Box<dyn Fn() + 'f>);

/// The steps on a frame, in the order in which a search takes them; where there is no code, only those before it.
pub fn of(frame: &Frame) -> Vec<Step<'_>> {
    let image = View { width: frame.width as usize, height: frame.height as usize, luma: &frame.luma };
    let bits = threshold(image, Rule::Mean);
    let spots = finder::spots(&bits, Deadline::after(Duration::MAX));
    let corners: Vec<_> = spots.iter().filter_map(|spot| corner::measure(image, &bits, spot)).collect();
    let code = triple::triples(&corners).first().and_then(|triple| {
        let lattice = lattice::lattices(image, triple, lattice::BLURRED).into_iter().next()?;
        Some((*triple, lattice))
    });
    let mut steps: Vec<Step<'_>> = vec![
        step("threshold", move || threshold(image, Rule::Mean)),
        step("sharpen", move || sharpen::sharpened(image, Grain::Coarse)),
        step("glance at the camera's health", move || Glance::of(frame)),
    ];
    let found = threshold(image, Rule::Mean);
    steps.push(step("finders", move || finder::spots(&found, Deadline::after(Duration::MAX))));
    let measure = move || spots.iter().filter_map(|spot| corner::measure(image, &bits, spot)).count();
    steps.push(step("corners", measure));
    let Some((triple, lattice)) = code else { return steps };
    steps.push(step("lattice", move || lattice::lattices(image, &triple, lattice::BLURRED)));
    steps.extend(within(image, &lattice));
    steps
}

/// The steps on a code whose place is known.
fn within<'f>(image: View<'f>, lattice: &Lattice) -> [Step<'f>; 5] {
    let size = lattice.layout.size;
    let shades = lattice::shades(image, lattice, false);
    let evidence = soft::evidence(&shades, size);
    let (lattice, layout) = (lattice.clone(), lattice.layout.clone());
    let (flat, bent, plan, known) = (lattice.clone(), lattice, layout.clone(), vec![0; size * size]);
    let seen = evidence.clone();
    let sample = move || soft::evidence(&lattice::shades(image, &flat, false), size);
    let unblur = move || soft::Unblur::new(&seen, &plan, &known).round();
    let careful = bent.clone();
    [
        step("evidence", sample),
        step("careful evidence", move || soft::careful_evidence(&lattice::shades(image, &careful, true), size)),
        step("decode", move || decode::decode(&evidence, &layout)),
        step("settle", move || lattice::settle(image, &bent)),
        step("unblur, one round", unblur),
    ]
}

fn step<'f, T>(name: &'static str, run: impl Fn() -> T + 'f) -> Step<'f> {
    (name, Box::new(move || drop(black_box(run()))))
}
