//! Waiting: for something that is said, until a time that is said.

use std::time::{Duration, Instant};

use crate::process::Process;

/// Between two looks. Nothing that is waited for here comes faster.
const LOOK: Duration = Duration::from_millis(20);

/// Waits until `look` gives something.
///
/// # Errors
/// What was waited for and how long, when it does not come.
pub fn until<T>(what: &str, patience: Duration, mut look: impl FnMut() -> Option<T>) -> Result<T, String> {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if began.elapsed() > patience {
            return Err(format!("waited {:.1} s in vain for {what}", began.elapsed().as_secs_f64()));
        }
        std::thread::sleep(LOOK);
    }
}

/// Waits until `look` gives something that these programs are to bring about.
///
/// # Panics
/// When it does not come, with the last words of the programs.
pub fn for_it<T>(what: &str, patience: Duration, programs: &[&Process], look: impl FnMut() -> Option<T>) -> T {
    until(what, patience, look).unwrap_or_else(|why| {
        let last_words: String = programs.iter().map(|program| program.last_words()).collect();
        panic!("{why}{last_words}")
    })
}
