//! Registration plates: how they are folded, what they can look like, how a pass binds them.
//!
//! Responsible for folding any writing of a plate to one form, for the grammar of Russian plates, and
//! for comparing what a pass binds with what was read from a car.
//!
//! Not responsible for reading plates from pictures, nor for what a mismatch means.
//!
//! Invariants: no I/O, no panic on any text; folding is idempotent; a partial binding never gives full
//! agreement; a misreading is forgiven only where the plate could not have been written that way.
//!
//! Words: a *binding* is the plate in a pass, with `?` for places it leaves open; a *reading* is what a
//! person or a device says stands on the car; the *region* is the two or three digits at the end.
#![forbid(unsafe_code)]

mod binding;
mod fold;
pub mod grammar;

pub use binding::{BadBinding, Binding, Match, Reading};
pub use fold::fold;
