//! Scenarios and schedules, without clocks and sockets.

use super::scenario::NAMED;
use super::*;
use crate::scene::Chance;

const SECOND: Duration = Duration::from_secs(1);

fn laid_out(text: &str, seed: u64) -> Schedule {
    let head = "title = {ru = \"\", en = \"\"}\nabout = {ru = \"\", en = \"\"}\n";
    Schedule::new(&Scenario::read("test", &format!("{head}{text}")).unwrap(), seed, None)
}

/// What is wrong with a text.
fn wrong(text: &str) -> String {
    let head = "title = {ru = \"\", en = \"\"}\nabout = {ru = \"\", en = \"\"}\n";
    let error = Scenario::read("test", &format!("{head}{text}")).unwrap_err();
    assert_eq!(error.code(), "scenario");
    error.to_string()
}

#[test]
fn spells_are_laid_over_the_usual_line_and_over_each_other() {
    let schedule = laid_out(
        "lasts = \"100s\"\nplays_in = \"10s\"\n[line]\nlatency = \"40ms\"\n\
         [[spell]]\nat = \"20s\"\nlasts = \"40s\"\nline = {rate = 1000}\n\
         [[spell]]\nat = \"30s\"\nlasts = \"10s\"\nline = {cut = \"reset\"}\n",
        1,
    );
    let at = |second: f64| schedule.weather(Duration::from_secs_f64(second));
    let usual = Weather { latency: Duration::from_millis(40), ..Weather::default() };
    let slow = Weather { rate: 1000, ..usual };
    assert_eq!((at(0.0), at(1.9), at(2.0), at(2.9)), (usual, usual, slow, slow));
    assert_eq!((at(3.0), at(4.0), at(6.0)), (Weather { cut: Cut::Reset, ..slow }, slow, usual));
    // Over is over.
    assert_eq!((at(9.9), at(10.0), at(1e6)), (usual, Weather::default(), Weather::default()));
    assert_eq!(schedule.next(Duration::ZERO), Some(2 * SECOND));
    assert_eq!(schedule.next(10 * SECOND), None);
    assert_eq!(schedule.scenario_time(3 * SECOND), 30 * SECOND);
    assert_eq!(schedule.ahead(3 * SECOND), Duration::ZERO);
    assert_eq!([at(0.0).look(), at(2.0).look(), at(3.0).look()], [Look::Clear, Look::Slow, Look::Cut]);
}

#[test]
fn what_comes_again_varies_by_the_seed_and_by_nothing_else() {
    let text = "lasts = \"1000s\"\nplays_in = \"1000s\"\n\
                [[spell]]\nat = \"10s\"\nlasts = \"5s\"\nevery = \"50s\"\nuntil = \"900s\"\nvary = 0.5\n\
                line = {cut = \"close\"}\n";
    let (one, same, other) = (laid_out(text, 1), laid_out(text, 1), laid_out(text, 2));
    assert_eq!(one.stretches(), same.stretches());
    assert_ne!(one.stretches(), other.stretches());
    let cuts: Vec<_> = one.stretches().iter().filter(|stretch| stretch.weather.look() == Look::Cut).collect();
    assert!((10..40).contains(&cuts.len()), "{}", cuts.len());
    assert!(cuts.windows(2).all(|two| two[1].from - two[0].from >= 25 * SECOND), "{cuts:?}");
    assert!(cuts.iter().all(|cut| cut.from < 900 * SECOND));
    let steady = laid_out(&text.replace("vary = 0.5\n", ""), 1);
    let begins: Vec<_> = steady.stretches().iter().filter(|s| s.weather.look() == Look::Cut).map(|s| s.from).collect();
    assert_eq!(begins, (0..18).map(|n| (10 + 50 * n) * SECOND).collect::<Vec<_>>());
}

#[test]
fn what_happens_beside_the_line_is_named_once() {
    let schedule = laid_out(
        "lasts = \"100s\"\nplays_in = \"10s\"\nregion_time = true\n\
         [[event]]\nat = \"10s\"\nwhat = \"box-off\"\nlasts = \"20s\"\n\
         [[event]]\nat = \"5s\"\nwhat = \"clock\"\nto = \"1970-01-01T00:00:00Z\"\n\
         [[event]]\nat = \"50s\"\nwhat = \"broker-forgets\"\nevery = \"20s\"\n",
        1,
    );
    let all: Vec<_> = schedule.events(Duration::ZERO, Duration::MAX).collect();
    let ms = Duration::from_millis;
    assert_eq!(all[..2], [(ms(500), Happening::Clock(0)), (ms(1000), Happening::BoxOff(2 * SECOND))]);
    assert_eq!(all[2..].iter().map(|(at, _)| *at).collect::<Vec<_>>(), [5 * SECOND, 7 * SECOND, 9 * SECOND]);
    // From one look to the next each is met once.
    let mut met = 0;
    let mut at = Duration::ZERO;
    while let Some(next) = schedule.next(at) {
        met += schedule.events(at, next).count();
        at = next;
    }
    assert_eq!(met + schedule.events(at, Duration::MAX).count(), all.len());
    assert_eq!(schedule.ahead(5 * SECOND), 45 * SECOND);
    assert_eq!(schedule.ahead(Duration::from_secs(99)), 90 * SECOND);
}

#[test]
fn what_is_wrong_with_a_scenario_is_said_with_its_line() {
    let time = "lasts = \"1min\"\nplays_in = \"1s\"\n";
    let cases = [
        (format!("{time}colour = 1\n"), "line 5", "unknown field `colour`"),
        (format!("{time}[line]\nlatency = \"3 parsecs\"\n"), "line 6", "is no time"),
        (format!("{time}[line]\nflips = 2.0\n"), "line 6", "not between 0 and 1"),
        (format!("{time}[line]\ncut = \"gently\"\n"), "line 6", "unknown variant"),
        (format!("{time}[[spell]]\nat = \"5s\"\nlasts = \"1s\"\nline = {{ wet = true }}\n"), "line 8", "`wet`"),
        (format!("{time}[[spell]]\nat = \"2min\"\nlasts = \"1s\"\nline = {{}}\n"), "line 6", "is over after 1min"),
        (
            format!("{time}[[spell]]\nat = \"0s\"\nlasts = \"1s\"\nevery = \"1ms\"\nline = {{}}\n"),
            "line 8",
            "more often",
        ),
        (format!("{time}[[event]]\nat = \"0s\"\nwhat = \"earthquake\"\n"), "line 7", "unknown variant"),
        (format!("{time}[[event]]\nat = \"0s\"\nwhat = \"box-off\"\n"), "line 7", "needs `lasts`"),
        (format!("{time}[[event]]\nat = \"0s\"\nwhat = \"clock\"\nto = \"noon\"\n"), "line 7", "1970-01-01T00:00:00Z"),
        (format!("{time}[[event]]\nat = \"0s\"\nwhat = \"clock-right\"\nto = \"noon\"\n"), "line 7", "takes no `to`"),
        ("plays_in = \"1s\"\n".to_owned(), "", "missing field `lasts`"),
        ("lasts = \"0s\"\nplays_in = \"1s\"\n".to_owned(), "line 1", "longer than nothing"),
    ];
    for (text, line, what) in cases {
        let said = wrong(&text);
        assert!(said.contains(line) && said.contains(what), "{text}\n{said}");
    }
}

#[test]
fn every_scenario_that_comes_along_can_be_played_and_differs_from_clear_weather() {
    for (name, _) in NAMED {
        let scenario = Scenario::named(name).unwrap();
        let schedule = Schedule::new(&scenario, 7, Some(8 * SECOND));
        let bad = schedule.stretches().iter().any(|stretch| stretch.weather != Weather::default());
        assert!(bad || schedule.events(Duration::ZERO, Duration::MAX).count() > 0, "{name}");
        assert!(schedule.is_over(8 * SECOND) && !schedule.is_over(7 * SECOND));
        assert!(!scenario.title.ru.is_empty() && !scenario.title.en.is_empty(), "{name}");
        // Every file stands in the list.
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/{name}.toml"));
        assert!(file.is_file(), "{}", file.display());
    }
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), NAMED.len());
    assert_eq!(Scenario::named("sunshine").unwrap_err().code(), "unknown");
    assert_eq!(Scenario::named_or_in("./sunshine.toml").unwrap_err().code(), "file");
}

#[test]
fn bits_are_flipped_as_the_seed_says() {
    let flipped = |seed, share| {
        let mut bytes = vec![0; 10_000];
        let count = pipe::flip(&mut bytes, share, &mut Chance::new(seed));
        assert_eq!(bytes.iter().map(|byte| byte.count_ones() as usize).sum::<usize>(), count);
        bytes
    };
    assert_eq!(flipped(1, 0.01), flipped(1, 0.01));
    assert_ne!(flipped(1, 0.01), flipped(2, 0.01));
    assert!(flipped(1, 0.0).iter().all(|byte| *byte == 0));
    assert!(flipped(1, 1.0).iter().filter(|byte| **byte != 0).count() > 9_990);
}

#[test]
fn times_are_read_and_written_as_people_do() {
    for (text, ms) in
        [("0s", 0), ("250ms", 250), ("1d 12h", 129_600_000), ("2min 3s", 123_000), ("366d", 31_622_400_000)]
    {
        let span: span::Span = text.parse().unwrap();
        assert_eq!((span.0.as_millis(), span.to_string()), (ms, text.to_owned()));
    }
    for text in ["", "5", "s", "-1s", "1.5h", "367d", "99999999999999999999d", "18446744073709551615ms 1ms", "1 h"] {
        assert!(text.parse::<span::Span>().is_err(), "{text:?}");
    }
}
