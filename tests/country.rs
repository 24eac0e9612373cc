//! A country on one box: twenty million revoked ids, status lists, a register, fed by the real HQ to a real box.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

use std::time::{Duration, Instant};

use checkpoint_tests::desk::{Broker, Desk};
use checkpoint_tests::post::Post;
use checkpoint_tests::{is_long, measured, wait};
use trust::format::{Part, StreamId, sha256};
use trust::table::Key;

/// Revoked ids, records of the permanent register, places of the status list; a twentieth of them where it is not the
/// long run.
const IDS: u64 = 20_000_000;
const RECORDS: u64 = 900_000;
const PLACES: u64 = 3_200_000;

/// Issuers that share these places.
const ISSUERS: u64 = 4;

/// Ids that come in the minute that is measured, and the records.
const MINUTE: u64 = 140;

/// Bytes of a record's value: kind, validity, and a part that is sealed.
const VALUE: usize = 41;

/// How long HQ and box may take, on a machine that builds meanwhile.
const PATIENCE: Duration = Duration::from_secs(600);

/// Most memory of the whole box, in mebibytes (docs: what a Raspberry Pi has to spare).
const MEMORY: f64 = 64.0;

fn scaled(count: u64) -> u64 {
    if is_long() { count } else { count / 20 }
}

fn key(number: u64) -> Key {
    sha256(&number.to_be_bytes())[..16].try_into().unwrap()
}

/// Processor time of the programs that this test has waited for.
fn spent() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    // cutime and cstime, in hundredths of a second on Linux (proc(5)); the third field comes first here.
    let ticks: u64 = [fields[13], fields[14]].iter().map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// A line of a program's status in mebibytes.
fn memory(process: u32, line: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|found| found.strip_prefix(line)).unwrap();
    line.trim_matches(|c: char| !c.is_ascii_digit()).parse::<f64>().unwrap() / 1024.0
}

#[test]
fn a_country_fits_a_box_and_its_minute_costs_hq_no_second() {
    let desk = Desk::founded(Broker::Embedded);
    // Series as large as they may be, so that a few of them have so many places.
    let settings = desk.path("region/region.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let (_, rest) = text.split_once("series_size = ").unwrap();
    let old = format!("series_size = {}", rest.lines().next().unwrap());
    std::fs::write(&settings, text.replace(&old, &format!("series_size = {}", scaled(PLACES) / ISSUERS))).unwrap();
    for number in 0..ISSUERS {
        desk.hq(&["issuer", "add", "region", &format!("LARGE-{number}"), "--kinds", "work"]);
    }
    let region = desk.region();
    let stream = |part, issuer: &str| StreamId { region: region.clone(), part, issuer: issuer.to_owned(), series: 0 };
    let (ids, register) = (stream(Part::Ids, "RU-TVE"), stream(Part::Register, "RU-TVE"));
    let began = Instant::now();
    {
        let books = desk.books();
        books.change_table(&ids, (0..scaled(IDS)).map(|number| (key(number), Some(Vec::new())))).unwrap();
        let records = (0..scaled(RECORDS)).map(|number| (key(number | 1 << 40), Some(vec![number as u8; VALUE])));
        books.change_table(&register, records).unwrap();
    }
    desk.release();
    let first = began.elapsed();

    // An ordinary minute.
    desk.books().change_table(&ids, (0..MINUTE).map(|number| (key(number | 1 << 50), Some(Vec::new())))).unwrap();
    let before = spent();
    desk.release();
    let minute = spent() - before;
    assert!(minute < Duration::from_secs(1), "a minute's release took {minute:?} of processor time");

    let hq = desk.start_hq();
    desk.wait_for_hq(&hq);
    let post = Post::provisioned(&desk, "m10-km178");
    let running = post.start();
    let began = Instant::now();
    let adopted = |sequence: u64| post.status().is_ok_and(|status| status.0["release"] == sequence);
    wait::for_it("the country", PATIENCE, &[&running], || adopted(2).then_some(()));
    let took = began.elapsed();
    // One that it makes the next base of while it judges by the one before.
    desk.books().change_table(&ids, (0..MINUTE).map(|number| (key(number), None))).unwrap();
    desk.release();
    wait::for_it("the next minute", PATIENCE, &[&running], || adopted(3).then_some(()));
    let [now, most] = ["VmRSS:", "VmHWM:"].map(|line| memory(running.id(), line));
    measured(&format!(
        "a box with {} ids, {} records and a list of {} places: {now:.1} MiB resident, {most:.1} at most while it adopted, \
         {:.0} s to fetch all; HQ made the first release in {:.0} s and a minute's in {} ms of processor time",
        scaled(IDS),
        scaled(RECORDS),
        scaled(PLACES),
        took.as_secs_f64(),
        first.as_secs_f64(),
        minute.as_millis()
    ));
    assert!(most < MEMORY, "{most} MiB");
}
