//! The examples of `docs/formats/link.md` are what this crate writes.

use std::path::Path;

use crate::command::{Command, Report, What};
use crate::row::{EpochId, Receipt};

fn block(page: &str, heading: &str) -> Vec<u8> {
    let (_, rest) = page.split_once(&format!("### {heading}\n")).unwrap();
    let digits: String = rest.split("```").nth(1).unwrap().split_whitespace().collect();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn the_examples_of_the_page_are_what_is_written() {
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/formats/link.md")).unwrap();
    let (region, to) = ("RU-TVE".parse().unwrap(), "post-1".parse().unwrap());
    let receipt = Receipt {
        region,
        to,
        epoch: EpochId { counter: 1, nonce: [1; 8] },
        sequence: 7,
        chain: [2; 32],
        ledger: [3; 8],
        issued: 1_588_334_400,
        budget: Some(250),
    };
    let (region, to) = ("RU-TVE".parse().unwrap(), "post-1".parse().unwrap());
    let what = What::Heartbeat { seconds: 10 };
    let command = Command { region, to, number: 7, expires: 1_588_334_400, what };
    let report = Report { number: 2, at: 1_588_334_400, text: "all is well".to_owned() };
    for (heading, written) in
        [("Receipt", crate::encode(&receipt)), ("Command", crate::encode(&command)), ("Report", crate::encode(&report))]
    {
        assert_eq!(block(&page, heading), written, "{heading}");
    }
}
