//! The hardware seam on real Linux devices: cameras, screens, pins, keys, clocks.
//!
//! Responsible for the backends that need a kernel and its devices, each behind a trait of `board`; it has
//! none yet, they come with the first real board.
//!
//! Not responsible for what a device is used for, nor for the backends that any computer has (`board::Description`).
//!
//! Invariants: only the program of the box links this crate, so that everything else builds without libclang and
//! without any system library; a device that is missing is a state, never a panic.
