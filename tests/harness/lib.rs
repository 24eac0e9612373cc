//! What black-box tests need: real programs on a desk, and hands to pull their plugs.
//!
//! Responsible for finding the programs that were built, for starting, watching, killing and ending them, for
//! ports and folders, for waiting, for chance that can be repeated, and for a browser.
//!
//! Not responsible for building the programs (`tests/run` does, or `cargo build`), nor for what is tested: that
//! stands in the tests, one file a subject.
//!
//! Invariants: nothing sleeps blindly, whoever waits says for what and for how long; no process outlives the
//! test that started it; what fails shows the last words of the programs concerned; what was drawn by chance
//! can be drawn again, and the seed is printed.
//!
//! Words: a *desk* is a region in a folder with the programs that serve it; a *post* is a box on that desk.
#![forbid(unsafe_code)]

pub mod books;
pub mod browser;
pub mod chance;
pub mod cut;
pub mod desk;
pub mod guest;
pub mod load;
pub mod page;
pub mod pictures;
pub mod port;
pub mod post;
pub mod process;
pub mod programs;
pub mod scribe;
pub mod secure;
pub mod texts;
pub mod wait;
pub mod web;

/// Whether the long run was asked for (`tests/run --long`): the full count of every bar.
pub fn is_long() -> bool {
    std::env::var_os("CHECKPOINT_LONG").is_some_and(|word| !word.is_empty() && word != "0")
}

/// Says what a test has measured: a line that `tests/run` shows and its long report gathers.
pub fn measured(line: &str) {
    println!("measured: {line}");
}
