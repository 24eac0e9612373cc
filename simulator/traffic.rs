//! A busy hour that nobody watches: cars at every post, officers who decide, and bad weather.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ::board::Key;
use checkpointd::gauges::Timing;
use hq::IssueRequest;
use hq::qr::{Code, Ecc};
use image::GrayImage;

use crate::Error;
use crate::board::Held;
use crate::era::DAY;
use crate::passes::Sort;
use crate::post::Post;
use crate::region::{Desk, in_a_hand};
use crate::report::{self, Frames, Kills, Report, Share, Spread};
use crate::scene::Chance;
use crate::weather::{Look, Scenario, play as playing};

/// Passes of ordinary people, issued before the hour begins; enough that none comes twice within the grace.
const PEOPLE: u64 = 400;

/// Longest wait for a verdict on what is held up; a code that cannot be read has none.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long a glance takes before the officer decides.
const GLANCE: (u64, u64) = (500, 1000);

/// Of a hundred cars, how many come with a pass that is not an ordinary good one.
const ODD: u64 = 25;

/// Seconds between two spells of bad weather, and how long one lasts.
const WEATHER: (u64, u64) = (20, 8);

/// Longest wait for everything to arrive at HQ when the hour is over.
const DRAINING: Duration = Duration::from_secs(120);

/// How often queues are looked at.
const LOOK: Duration = Duration::from_millis(10);

/// Who does this, for HQ's audit.
const BY: &str = "traffic";

/// One person with a pass and a car.
struct Person {
    picture: Arc<GrayImage>,
    car: String,
}

/// Plays `minutes` of traffic, and compares what the boxes wrote with what HQ has. The weather is that of a scenario, all
/// of it in that time, or else a spell of something every now and then. `say` hears how it goes.
///
/// # Errors
/// What HQ, a box or the system refuses.
pub fn play(
    desk: &Arc<Desk>,
    minutes: f64,
    scenario: Option<(&str, &Scenario)>,
    seed: u64,
    say: fn(&str),
) -> Result<Report, Error> {
    let began = Instant::now();
    say(&format!("issuing {PEOPLE} passes"));
    let people = Arc::new(people(desk)?);
    desk.publish()?;
    let over = Arc::<AtomicBool>::default();
    let weather = Arc::new(AtomicU64::new(0));
    let until = Instant::now() + Duration::from_secs_f64(minutes * 60.0);
    let mut lanes = Vec::new();
    for (at, post) in desk.posts.iter().enumerate() {
        let (desk, post, people) = (desk.clone(), post.clone(), people.clone());
        let mut chance = Chance::new(seed + at as u64);
        lanes.push(spawn("traffic", move || drive(&desk, &post, &people, until, &mut chance))?);
    }
    let watch = {
        let (desk, over) = (desk.clone(), over.clone());
        spawn("stopwatch", move || stopwatch(&desk, &over))?
    };
    let mut chance = Chance::new(seed ^ 0xBAD);
    let (mut kills, mut cuts) = (Kills::default(), 0);
    let starts = |desk: &Desk| (desk.posts.iter().map(|post| post.starts()).sum::<u64>(), desk.restarts());
    let before = starts(desk);
    for (seed, post) in (seed..).zip(&desk.posts) {
        let Some(scenario) = scenario else { break };
        let time = Duration::from_secs_f64(minutes * 60.0);
        let play = playing::begin(desk, post, scenario, seed, Some(time), say)?;
        let looks = play.schedule.stretches().iter().map(|stretch| stretch.weather.look());
        cuts += looks.filter(|look| *look == Look::Cut).count() as u64;
    }
    let mut next = Instant::now() + Duration::from_secs(WEATHER.0);
    while Instant::now() < until {
        std::thread::sleep(Duration::from_millis(500).min(until.saturating_duration_since(Instant::now())));
        watch_over(desk);
        // The last spell ends before the hour does, so that draining is not part of every wait.
        if scenario.is_none() && Instant::now() >= next && next + Duration::from_secs(WEATHER.1) < until {
            let post = &desk.posts[chance.below(desk.posts.len() as u64) as usize];
            match weather.fetch_add(1, Ordering::Relaxed) % 3 {
                0 => {
                    say(&format!("the line to {} is cut", post.name.name));
                    post.set_network(false);
                    cuts += 1;
                    std::thread::sleep(Duration::from_secs(WEATHER.1));
                    post.set_network(true);
                }
                1 => {
                    say(&format!("{} is stopped and started again", post.name.name));
                    post.stop();
                    std::thread::sleep(Duration::from_secs(1));
                    post.start()?;
                    kills.boxes += 1;
                }
                _ => {
                    say("HQ and its broker are stopped and started again");
                    desk.restart_hq(Duration::from_secs(2))?;
                    kills.hq += 1;
                }
            }
            next = Instant::now() + Duration::from_secs(WEATHER.0);
        }
    }
    for lane in lanes {
        lane.join().map_err(|_| Error::Failed("a lane of the traffic ended by a panic".to_owned()))?;
    }
    say("the traffic is over; waiting for every row to arrive");
    drained(desk)?;
    if scenario.is_some() {
        let (boxes, hq) = starts(desk);
        kills = Kills { boxes: boxes - before.0, hq: hq - before.1 };
    }
    over.store(true, Ordering::Relaxed);
    let measured = watch.join().map_err(|_| Error::Failed("the stopwatch ended by a panic".to_owned()))?;
    let crossings = report::crossings(desk);
    let (rows, chain_verified) = report::compare(desk)?;
    let resent = measured.sent.saturating_sub(rows.written - rows.lost);
    let resent_percent = 100.0 * resent as f64 / rows.written.max(1) as f64;
    let times: Vec<f64> = measured.timings.iter().map(|timing| timing.whole as f64 / 1000.0).collect();
    Ok(Report {
        minutes,
        wall_s: began.elapsed().as_secs_f64(),
        crossings,
        latency_ms: Spread::of(times),
        share: Share::of(&measured.timings),
        rows,
        uplink_lag_ms: Spread::of_times(&measured.lags),
        uplink_lag_line_up_ms: Spread::of_times(&measured.lags_up),
        frames: measured.frames,
        chain_verified,
        kills,
        cuts,
        scenario: scenario.map(|(name, _)| name.to_owned()),
        resent_percent,
    })
}

fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<std::thread::JoinHandle<T>, Error> {
    Ok(std::thread::Builder::new().name(name.to_owned()).spawn(work)?)
}

/// Issues the passes of ordinary people.
fn people(desk: &Desk) -> Result<Vec<Person>, Error> {
    let now = desk.era.now();
    let letters: Vec<char> = "ABEKMHOPCTYX".chars().collect();
    let plate = |number: u64| {
        let letter = |at: u64| letters[(at % 12) as usize];
        format!("{}{:03}{}{}69", letter(number), 100 + number, letter(number / 12), letter(number / 7))
    };
    let request = |number| IssueRequest {
        kind: 1,
        plates: vec![plate(number)],
        holder: Some("П. С.".to_owned()),
        not_before: now - DAY,
        expires: now + 20 * DAY,
        ..IssueRequest::default()
    };
    let requests: Vec<_> = (0..PEOPLE).map(request).collect();
    let issued = desk.region.issue_all(&requests, BY, now)?;
    let person = |(number, pass): (usize, hq::IssuedPass)| {
        let picture = Code::new(&pass.text, Ecc::Screen)?.picture();
        Ok(Person { picture: Arc::new(picture), car: plate(number as u64) })
    };
    issued.into_iter().enumerate().map(person).collect()
}

/// The cars of one post.
fn drive(desk: &Desk, post: &Post, people: &[Person], until: Instant, chance: &mut Chance) {
    let odd: Vec<Sort> =
        Sort::ALL.into_iter().filter(|sort| !matches!(sort, Sort::Valid | Sort::ServiceCard)).collect();
    let mut queue: VecDeque<usize> = (0..people.len()).collect();
    // Each post has its own half of the people, so that none is everywhere at once.
    queue.rotate_left(chance.below(people.len() as u64) as usize);
    while Instant::now() < until {
        let (held, car) = if chance.below(100) < ODD {
            let sort = odd[chance.below(odd.len() as u64) as usize];
            let Ok(card) = desk.card(sort.id()) else { continue };
            (in_a_hand(&card), card.car)
        } else {
            let next = queue.pop_front().unwrap_or_default();
            queue.push_back(next);
            let person = &people[next];
            (Held::Pass("traffic".to_owned(), person.picture.clone()), person.car.clone())
        };
        // One car in five comes where no device reads plates.
        post.anpr.store(chance.below(5) > 0, Ordering::Relaxed);
        post.drive_up(&car);
        std::thread::sleep(Duration::from_millis(100));
        let before = head(post);
        post.handles.hold(held);
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE && head(post) <= before {
            std::thread::sleep(LOOK);
        }
        std::thread::sleep(Duration::from_millis(GLANCE.0 + chance.below(GLANCE.1 - GLANCE.0)));
        // A refusal does not yield to *yes*, so the officer's other key follows where it must.
        let refused = post.handles.light() == ::board::Light::Red;
        post.handles.press(if refused { Key::No } else { Key::Yes });
        std::thread::sleep(Duration::from_millis(150));
        post.handles.hold(Held::Road);
        std::thread::sleep(Duration::from_millis(200 + chance.below(600)));
    }
}

/// The last row known to be durable; 0 while the box is away.
fn head(post: &Post) -> u64 {
    post.shown().map_or(0, |shown| shown.gauges.head())
}

#[derive(Default)]
struct Measured {
    timings: Vec<Timing>,
    lags: Vec<Duration>,
    lags_up: Vec<Duration>,
    frames: Frames,
    /// Rows handed to the lines, repeats included.
    sent: u64,
}

/// Rows on their way to HQ: up to which sequence, since when, and whether the line was up all the time.
struct UnderWay(u64, Instant, bool);

/// Takes the boxes' measurements, and looks how long rows are under way.
fn stopwatch(desk: &Desk, over: &AtomicBool) -> Measured {
    let mut measured = Measured::default();
    let mut ways: Vec<VecDeque<UnderWay>> = desk.posts.iter().map(|_| VecDeque::new()).collect();
    let mut counted = vec![(0, 0, 0, 0); desk.posts.len()];
    let mut heads = vec![0; desk.posts.len()];
    let mut sent = vec![(0, 0); desk.posts.len()];
    while !over.load(Ordering::Relaxed) {
        let lanes = desk.posts.iter().zip(&mut ways).zip(&mut counted).zip(&mut heads).zip(&mut sent);
        for ((((post, way), counted), last), sent) in lanes {
            let (head, covered) = match post.shown() {
                Some(shown) => {
                    measured.timings.extend(shown.gauges.take_timings());
                    count(&mut measured.frames, counted, post.starts(), &shown.gauges);
                    let link = shown.link.borrow();
                    measured.sent += grown(sent, post.starts(), link.rows_sent);
                    (shown.gauges.head(), link.covered)
                }
                None => (0, 0),
            };
            let up = post.network() && post.shown().is_some_and(|shown| shown.link.borrow().connected);
            if *last < head {
                *last = head;
                way.push_back(UnderWay(head, Instant::now(), up));
            }
            if !up {
                way.iter_mut().for_each(|under| under.2 = false);
            }
            while way.front().is_some_and(|under| under.0 <= covered) {
                if let Some(UnderWay(_, since, was_up)) = way.pop_front() {
                    measured.lags.push(since.elapsed());
                    if was_up {
                        measured.lags_up.push(since.elapsed());
                    }
                }
            }
        }
        std::thread::sleep(LOOK);
    }
    measured
}

/// What a counter has grown by; after a start it begins anew.
fn grown((starts, before): &mut (u64, u64), now: u64, count: u64) -> u64 {
    if *starts != now {
        (*starts, *before) = (now, 0);
    }
    count.saturating_sub(std::mem::replace(before, count))
}

/// Adds what a box's counters have grown by; after a start they begin anew.
fn count(
    total: &mut Frames,
    (starts, taken, dropped, looks): &mut (u64, u64, u64, u64),
    now: u64,
    gauges: &checkpointd::gauges::Gauges,
) {
    if *starts != now {
        (*starts, *taken, *dropped, *looks) = (now, 0, 0, 0);
    }
    let grown = |before: &mut u64, now: u64| now.saturating_sub(std::mem::replace(before, now));
    total.taken += grown(taken, gauges.frames().frames());
    total.dropped += grown(dropped, gauges.frames().dropped());
    total.looks += grown(looks, gauges.looks());
}

/// Starts boxes again that have ended; one that cannot start is tried again.
fn watch_over(desk: &Desk) {
    for post in &desk.posts {
        if let Err(error) = post.watch_over() {
            tracing::warn!(name = post.name.name, "{}", crate::error::chain(&error));
        }
    }
}

/// Waits until every row of every box has its receipt, and the weather is clear.
fn drained(desk: &Desk) -> Result<(), Error> {
    let began = Instant::now();
    loop {
        watch_over(desk);
        let waiting = desk.posts.iter().any(|post| {
            post.playing().is_some()
                || post.shown().is_none_or(|shown| {
                    let link = shown.link.borrow();
                    !link.connected || link.queue > 0 || link.covered < shown.gauges.head()
                })
        });
        if !waiting {
            return Ok(());
        }
        if began.elapsed() > DRAINING {
            return Err(Error::Failed("rows wait although everything is up".to_owned()));
        }
        std::thread::sleep(LOOK);
    }
}
