//! Writes a journal as it is told, and says what was acknowledged: `journal-writer JOURNAL STEP…`.
//!
//! | step | |
//! |---|---|
//! | `COMMITSxENTRIES` | so many commits of so many entries each |
//! | `restart` | opens the journal anew, as a start of the box does |
//! | `receipt` | takes a receipt for everything so far, by which all of it leaves |
//! | `wait` | says `WAITING`, and goes on at the next line of its input |
//!
//! After each commit it says `ACK SEQUENCE`, after each receipt `SETTLED SEQUENCE`, and `DONE` in the end. Entry `n` of a
//! run is `scribe::entry(n)`.
#![forbid(unsafe_code)]

use std::io::{Write as _, stdin, stdout};
use std::path::Path;
use std::time::Duration;

use checkpoint_tests::scribe;
use journal::Journal;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (path, steps) = words.split_first().expect("the journal's path");
    let path = Path::new(path);
    let open = || Journal::open(path, scribe::identity()).expect("the journal opens");
    let say = |line: &str| {
        let mut out = stdout().lock();
        out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush()).expect("somebody listens");
    };
    let mut journal = Some(open());
    let mut number = 0;
    for step in steps {
        match step.as_str() {
            "restart" => {
                // The old one first: it holds the lock.
                drop(journal.take());
                journal = Some(open());
            }
            "receipt" => {
                let journal = journal.as_mut().expect("it is open");
                let last = scribe::rows(path).pop().expect("something was written");
                journal.settle(&scribe::receipt(&last), scribe::at(number), Duration::ZERO).expect("it is its own row");
                while journal.prune(scribe::at(number), Duration::ZERO).expect("rows may leave") {}
                say(&format!("SETTLED {}", last.sequence));
            }
            "wait" => {
                say("WAITING");
                stdin().read_line(&mut String::new()).expect("its input can be read");
            }
            groups => {
                let (commits, entries) = groups.split_once('x').expect("COMMITSxENTRIES");
                let [commits, entries] = [commits, entries].map(|word| word.parse::<u64>().expect("a number"));
                let journal = journal.as_mut().expect("it is open");
                for _ in 0..commits {
                    let group: Vec<_> = (number..number + entries).map(scribe::entry).collect();
                    number += entries;
                    let sequence = journal.append(&group, scribe::at(number)).expect("there is room");
                    say(&format!("ACK {sequence}"));
                    journal.turn(scribe::at(number)).expect("there is room");
                }
            }
        }
    }
    say("DONE");
}
