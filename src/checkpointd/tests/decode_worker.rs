//! The child process that decodes, as a real process: what it reads, what it may cost, how it is locked in, and what
//! becomes of a box whose child dies, lies, or looks at a picture that is made for it.
#![expect(clippy::unwrap_used, reason = "a test and its helpers may say what they mean; clippy knows only the former")]

#[path = "decode_worker/desk.rs"]
mod desk;

use std::io::ErrorKind;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use desk::{blank, busy, children, eu, fake, is_running, is_there, kill, proc, program};
use reader::Outcome;
use reader::worker::{Answer, Limits, Refused, Worker};

const LONG: Duration = Duration::from_secs(30);

/// Patient: for what is not about time.
fn patient() -> Limits {
    Limits { budget: LONG, deadline: LONG, ..Limits::default() }
}

fn impatient(deadline: u64) -> Limits {
    Limits { deadline: Duration::from_millis(deadline), ..patient() }
}

/// As a frame loop would.
fn ask(worker: &mut Worker, frame: &board::Frame) -> Answer {
    worker.offer(frame).unwrap();
    worker.wait(LONG).expect("every frame that is taken is answered")
}

fn assert_reads(worker: &mut Worker) {
    for (frame, text) in eu() {
        let answer = ask(worker, &frame);
        assert_eq!(answer.outcome, Outcome::Read, "{:?}: {answer:?}", frame.source);
        assert!(answer.codes.iter().any(|code| code.text == text));
    }
}

#[test]
fn what_is_read_comes_with_its_place_its_path_and_its_cost() {
    let mut worker = Worker::new(program(), patient());
    let (mut frame, text) = eu().swap_remove(0);
    for number in [7, 8] {
        frame.number = number;
        let answer = ask(&mut worker, &frame);
        let code = &answer.codes[0];
        assert_eq!((answer.frame, &code.text, answer.located), (number, &text, true));
        let inside = |(x, y): (f32, f32)| x > 0.0 && y > 0.0 && x < frame.width as f32 && y < frame.height as f32;
        assert!(code.corners.into_iter().all(inside), "{:?}", code.corners);
        let last = answer.attempts.last().unwrap();
        assert_eq!((last.rung, last.outcome), (code.path, Outcome::Read));
        let tried: u64 = answer.attempts.iter().map(|attempt| attempt.micros).sum();
        assert!(tried > 0 && tried <= answer.micros, "{answer:?}");
        assert!(answer.cpu_micros > 0 && answer.cpu_micros < answer.micros * 2, "{answer:?}");
    }
    assert_reads(&mut worker);
    assert_eq!(worker.deaths(), 0);
}

#[test]
fn a_frame_loop_never_waits() {
    let mut worker = Worker::new(program(), impatient(500));
    assert_eq!(worker.poll(), None);
    let began = Instant::now();
    worker.offer(&busy()).unwrap();
    assert_eq!(worker.poll(), None);
    assert_eq!(worker.offer(&blank(64, 64)), Err(Refused::Busy));
    assert_eq!(worker.wait(Duration::from_millis(1)), None);
    assert!(began.elapsed() < Duration::from_millis(200), "{:?}", began.elapsed());
    // Its answer comes to a loop that only looks now and then.
    let answer = loop {
        std::thread::sleep(Duration::from_millis(10));
        if let Some(answer) = worker.poll() {
            break answer;
        }
    };
    assert_eq!(answer.outcome, Outcome::TimedOut);
}

#[test]
fn a_frame_of_any_size_is_answered_or_refused_with_a_reason() {
    let mut worker = Worker::new(program(), patient());
    for (width, height) in [(1, 1), (1, 8000), (8000, 1), (20, 400), (21, 21), (901, 43), (640, 480), (8000, 8000)] {
        let answer = ask(&mut worker, &blank(width, height));
        assert_eq!((answer.outcome, answer.codes), (Outcome::Nothing, vec![]), "{width} x {height}");
    }
    assert_eq!(worker.offer(&blank(8001, 8000)), Err(Refused::TooLarge));
    let vast = board::Frame { width: u32::MAX, height: u32::MAX, ..blank(1, 1) };
    assert_eq!(worker.offer(&vast), Err(Refused::TooLarge));
    assert_eq!(worker.offer(&blank(0, 480)), Err(Refused::Malformed));
    for height in [479, 481] {
        let frame = board::Frame { height, ..blank(640, 480) };
        assert_eq!(worker.offer(&frame), Err(Refused::Malformed));
    }
    assert_eq!(worker.deaths(), 0);
}

/// rxing tries all of the corners with each other and has taken more than 100 s on one of these.
#[test]
fn a_picture_made_to_keep_a_decoder_busy_costs_its_deadline_and_the_next_is_read() {
    let mut worker = Worker::new(program(), impatient(1000));
    worker.offer(&blank(64, 64)).unwrap();
    let first = worker.process_id().unwrap();
    worker.wait(LONG).unwrap();
    let began = Instant::now();
    let answer = ask(&mut worker, &busy());
    let took = began.elapsed();
    assert_eq!((answer.outcome, worker.deaths()), (Outcome::TimedOut, 1));
    assert!(took >= Duration::from_secs(1) && took < Duration::from_millis(1500), "{took:?}");
    assert_eq!(answer.attempts.last().map(|last| last.outcome), Some(Outcome::TimedOut));
    // What it used until it was killed is known: of one core, what others left of it.
    assert!(answer.cpu_micros > 5_000 && answer.cpu_micros < 1_500_000, "{}", answer.cpu_micros);
    assert!(!is_there(first));
    assert_reads(&mut worker);
    assert_ne!(worker.process_id(), Some(first));
    assert_eq!(worker.deaths(), 1);
}

#[test]
fn a_child_that_somebody_kills_is_an_outcome_and_the_next_frame_is_read() {
    let mut worker = Worker::new(program(), patient());
    worker.offer(&busy()).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    kill(worker.process_id().unwrap());
    let answer = worker.wait(LONG).unwrap();
    assert_eq!((answer.outcome, worker.deaths()), (Outcome::Died, 1));
    assert_eq!(answer.attempts.last().map(|last| last.outcome), Some(Outcome::Died));
    assert_reads(&mut worker);
    // And between two frames.
    let idle = worker.process_id().unwrap();
    kill(idle);
    while is_running(idle) {
        std::thread::sleep(Duration::from_millis(1));
    }
    // The second death in half a minute: there is a pause of 250 ms.
    assert_eq!((worker.offer(&blank(64, 64)), worker.deaths()), (Err(Refused::Resting), 2));
    std::thread::sleep(Duration::from_millis(300));
    assert_reads(&mut worker);
    assert_eq!(worker.deaths(), 2);
}

#[test]
fn a_picture_that_kills_and_stays_in_view_costs_a_process_now_and_then() {
    let mut worker = Worker::new(program(), impatient(50));
    let (frame, began, mut rested) = (busy(), Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(3) {
        match worker.offer(&frame) {
            Ok(()) => assert_eq!(worker.wait(LONG).unwrap().outcome, Outcome::TimedOut),
            Err(refused) => {
                assert_eq!(refused, Refused::Resting);
                rested += 1;
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
    // At once, then after pauses of 0, 250, 500 and 1000 ms.
    assert!((2..=5).contains(&worker.deaths()), "{}", worker.deaths());
    assert!(rested > 50);
}

#[test]
fn pictures_one_by_one_are_all_tried_whatever_they_did_before() {
    let mut worker = Worker::new(program(), impatient(100));
    for death in 1..=4 {
        assert_eq!(worker.ask(&busy()).unwrap().outcome, Outcome::TimedOut);
        assert_eq!(worker.deaths(), death);
    }
    assert_eq!(worker.offer(&blank(64, 64)), Err(Refused::Resting));
    let (frame, text) = eu().swap_remove(0);
    assert_eq!(worker.ask(&frame).unwrap().codes[0].text, text);
}

/// Bytes on the line, in the words of `printf`; none of them what an honest child would say.
#[test]
fn a_child_that_lies_is_killed_and_counted() {
    let ready = r"\005\000\000\000\001\001\000\000\000";
    for (what, said) in [
        ("a length of 4 GiB", r"\377\377\377\377"),
        ("a length just beyond the bound", r"\001\000\001\000"),
        ("a word", r"hello, world"),
        ("another version", r"\005\000\000\000\001\002\000\000\000"),
        ("an answer before it is ready", r"\004\000\000\000\003\000\000\000"),
        ("ready twice", &format!("{ready}{ready}")),
        ("a code that no rung has read", &format!(r"{ready}\046\000\000\000\003\001\000\001%032d\000\000")),
        ("more codes than it sends", &format!(r"{ready}\004\000\000\000\003\001\000\002")),
        (
            "a rung too many",
            &format!(r"{ready}{}", r"\012\000\000\000\002\000\000\000\000\000\000\000\000\000".repeat(6)),
        ),
    ] {
        let (_folder, liar) = fake(&format!("printf '{said}' 0 >&0; exec sleep 60"));
        let mut worker = Worker::new(liar, patient());
        let began = Instant::now();
        worker.offer(&blank(64, 64)).unwrap();
        let child = worker.process_id().unwrap();
        let answer = worker.wait(LONG).unwrap();
        assert_eq!((answer.outcome, worker.deaths()), (Outcome::Died, 1), "{what}");
        assert!(began.elapsed() < Duration::from_secs(5), "{what}: {:?}", began.elapsed());
        assert!(!is_there(child), "{what}");
    }
}

#[test]
fn a_program_that_is_no_worker_is_left_alone() {
    let (_folder, other) = fake("exit 1");
    let mut worker = Worker::new(other, patient());
    // It may end before it is asked.
    if worker.offer(&blank(64, 64)).is_ok() {
        assert_eq!(worker.wait(LONG).unwrap().outcome, Outcome::Died);
    }
    // One death by a picture is followed by no pause, this one is.
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(400) {
        assert_eq!((worker.offer(&blank(64, 64)), worker.deaths()), (Err(Refused::Resting), 1));
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut worker = Worker::new("/nowhere/checkpointd".into(), patient());
    assert_eq!(worker.offer(&blank(64, 64)), Err(Refused::Resting));
    assert_eq!(worker.deaths(), 1);
}

#[test]
fn a_child_that_had_no_time_to_start_is_started_again() {
    let (_folder, slow) = fake("exec sleep 60");
    let mut worker = Worker::new(slow, impatient(200));
    assert_eq!(ask(&mut worker, &blank(64, 64)).outcome, Outcome::TimedOut);
    assert_eq!(worker.offer(&blank(64, 64)), Ok(()));
    assert_eq!(worker.deaths(), 1);
}

#[test]
fn a_child_that_retires_is_replaced_and_is_no_death() {
    let ready = r"\005\000\000\000\001\001\000\000\000";
    let (_folder, old) = fake(&format!(r"printf '{ready}\004\000\000\000\003\001\001\000' >&0; exec sleep 60"));
    let mut worker = Worker::new(old, patient());
    for _ in 0..3 {
        worker.offer(&blank(64, 64)).unwrap();
        let child = worker.process_id().unwrap();
        let answer = worker.wait(LONG).unwrap();
        assert_eq!((answer.outcome, answer.located), (Outcome::Nothing, true));
        assert!(!is_there(child));
    }
    assert_eq!((worker.process_id(), worker.deaths()), (None, 0));
}

#[test]
fn a_frame_that_takes_more_memory_than_it_may_have_is_the_end_of_the_child_alone() {
    let mut worker = Worker::new(program(), Limits { memory_mib: 64, ..patient() });
    assert_eq!(ask(&mut worker, &blank(8000, 8000)).outcome, Outcome::Died);
    assert_reads(&mut worker);
    assert_eq!(worker.deaths(), 1);
}

#[test]
fn it_is_locked_in_before_it_sees_a_frame() {
    // Started by somebody who leaves files open.
    let (_folder, careless) = fake(&format!("exec 7</dev/null 9</etc/passwd; exec '{}' \"$@\"", program().display()));
    let mut worker = Worker::new(careless, patient());
    ask(&mut worker, &blank(64, 64));
    let child = worker.process_id().unwrap();
    let status = proc(child, "status").unwrap();
    for line in ["Seccomp:\t2", "NoNewPrivs:\t1", "Threads:\t1"] {
        assert!(status.lines().any(|held| held == line), "{line} is not in\n{status}");
    }
    let limits = proc(child, "limits").unwrap();
    for (name, most) in [
        ("Max address space", "268435456 268435456"),
        ("Max cpu time", "180 180"),
        ("Max open files", "3 3"),
        ("Max processes", "0 0"),
        ("Max file size", "0 0"),
        ("Max core file size", "0 0"),
    ] {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        let held: Vec<_> = line[name.len()..].split_whitespace().take(2).collect();
        assert_eq!(held.join(" "), most, "{name}");
    }
    // Its memory and what it has open are hidden from everybody but root.
    match std::fs::read_dir(format!("/proc/{child}/fd")) {
        Ok(entries) => {
            let mut open: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
            open.sort();
            assert_eq!(open, ["0", "1", "2"]);
            let frame = std::fs::read_link(format!("/proc/{child}/fd/1")).unwrap();
            assert_eq!(frame.to_str(), Some("/memfd:frame (deleted)"));
            // O_RDONLY is 0 in the last digit of the octal flags.
            let flags = proc(child, "fdinfo/1").unwrap();
            assert!(flags.lines().any(|line| line.starts_with("flags:") && line.ends_with('0')), "{flags}");
        }
        Err(error) => assert_eq!(error.kind(), ErrorKind::PermissionDenied),
    }
    // It can be told by its owner: what cannot be dumped belongs to root.
    let owner =
        std::fs::metadata(format!("/proc/{child}/status")).map(|held| std::os::unix::fs::MetadataExt::uid(&held));
    assert_eq!(owner.unwrap(), 0);
}

#[test]
fn no_child_outlives_its_parent() {
    let mut worker = Worker::new(program(), patient());
    worker.offer(&busy()).unwrap();
    let child = worker.process_id().unwrap();
    drop(worker);
    assert!(!is_there(child));

    // A parent that is killed drops nothing.
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("busy.pgm");
    let frame = busy();
    let header = format!("P5 {} {} 255\n", frame.width, frame.height);
    std::fs::write(&picture, [header.as_bytes(), &frame.luma].concat()).unwrap();
    let mut reading = Command::new(program())
        .args(["read", "--budget-ms", "60000"])
        .arg(&picture)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let child = loop {
        assert!(began.elapsed() < LONG, "it starts no child");
        match children(reading.id())[..] {
            [child] if proc(child, "status").is_some_and(|status| status.contains("Seccomp:\t2")) => break child,
            _ => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    kill(reading.id());
    let killed = Instant::now();
    reading.wait().unwrap();
    while is_running(child) {
        assert!(killed.elapsed() < Duration::from_secs(1), "an orphan");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Medians of 200, with a child that begins no rung: the copies, the requests and the wake-ups.
#[test]
fn a_frame_is_handed_over_in_little_time() {
    let limits = Limits { budget: Duration::ZERO, ..patient() };
    let median = |mut times: Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    let start = || {
        let (mut worker, began) = (Worker::new(program(), limits), Instant::now());
        ask(&mut worker, &blank(640, 480));
        began.elapsed()
    };
    let start = median((0..200).map(|_| start()).collect());
    println!("measured: decode worker, start to first answer: {start:?}");
    assert!(start < Duration::from_millis(250));
    for (width, height) in [(640, 480), (1280, 720)] {
        let (mut worker, frame) = (Worker::new(program(), limits), blank(width, height));
        ask(&mut worker, &frame);
        let (mut offers, mut rounds) = (Vec::new(), Vec::new());
        for _ in 0..200 {
            let began = Instant::now();
            worker.offer(&frame).unwrap();
            offers.push(began.elapsed());
            worker.wait(LONG).unwrap();
            rounds.push(began.elapsed());
        }
        let (offer, round) = (median(offers), median(rounds));
        println!("measured: decode worker, {width}x{height}: handed over in {offer:?}, answered in {round:?}");
        assert!(round < Duration::from_millis(50));
    }
}
