//! The page of the simulator, in a real browser, before real boxes: what a visitor is told to try, works.

use std::time::Duration;

use checkpoint_tests::browser::picture;
use checkpoint_tests::page::{Page, Simulator};
use checkpoint_tests::{pictures, programs, wait};

/// The first box of the region.
const POST: &str = "m10-km178";

/// How long a link may take to come back: it tries again at growing intervals.
const LINK: Duration = Duration::from_secs(90);

#[test]
fn a_valid_pass_passes_a_revoked_one_does_not_and_both_are_recorded() {
    let simulator = Simulator::started();
    let page = simulator.visited(None);
    page.hold(POST, "valid");
    page.wait_for_outcome(POST, "admit");
    // The driver waits until the officer lets them go, whatever the box says.
    page.wait_for(POST, "data-lamp", "the lamp to be amber", |lamp| lamp == "amber");
    page.key(POST, "yes");
    page.wait_for(POST, "data-lamp", "the lamp to be green", |lamp| lamp == "green");
    page.wait_for(POST, "data-screen", "the crossing to be closed", |screen| screen == "closed");
    page.hold(POST, "revoked");
    page.wait_for_outcome(POST, "refuse");
    page.wait_for(POST, "data-reasons", "the reason", |reasons| reasons.split(' ').any(|reason| reason == "revoked"));
    page.wait_for(POST, "data-lamp", "the lamp to be red", |lamp| lamp == "red");
    page.wait_for_row(POST, "admit", None);
    page.wait_for_row(POST, "refuse", Some("revoked"));
    page.browser.keep_picture(&picture("page"));
    assert_eq!(page.browser.complaints().unwrap(), Vec::<String>::new());

    // HQ's own pages know the same, and a visitor finds the way.
    let hq = simulator.state().unwrap()["hq"]["url"].as_str().unwrap().trim_end_matches('/').to_owned();
    let ways = page.browser.ask("return [...document.querySelectorAll('#hq a')].map(a => a.href)").unwrap();
    assert!(ways.as_array().unwrap().iter().any(|way| way.as_str().unwrap().starts_with(&hq)), "{ways} lead to {hq}");
    for (language, words) in [("ru", ["пропустить", "отказать"]), ("en", ["admit", "refuse"])] {
        page.browser.visit(&format!("{hq}/?lang={language}"));
        page.wait("HQ's page to have both crossings", |browser| {
            let text = browser.text("body").ok()?;
            words.iter().chain(&["revoked", POST]).all(|word| text.contains(word)).then_some(())
        });
    }
    page.browser.keep_picture(&picture("hq"));
}

#[test]
fn a_revocation_bites_at_once_and_a_renewal_heals() {
    let simulator = Simulator::started();
    let page = simulator.visited(None);
    page.hold(POST, "valid");
    page.wait_for_outcome(POST, "admit");
    page.key(POST, "yes");
    page.wait_for(POST, "data-screen", "the crossing to be closed", |screen| screen == "closed");
    page.take_away(POST);
    let release = page.number(POST, "release").unwrap();
    page.browser.press("#hq button[data-revoke=\"valid\"]");
    page.wait("the box to adopt the revocation", |_| page.number(POST, "release").filter(|now| *now > release));
    // As the page says: hold it up again. It has just been admitted, and that does not help it any more.
    page.wait_for(POST, "data-screen", "the next car to be awaited", |screen| screen == "idle");
    page.hold(POST, "valid");
    page.wait_for_outcome(POST, "refuse");
    page.wait_for(POST, "data-reasons", "the reason", |reasons| reasons.split(' ').any(|reason| reason == "revoked"));
    page.key(POST, "no");
    page.take_away(POST);
    page.browser.press("#hq button[data-renew=\"valid\"]");
    page.wait("the pass to be renewed", |_| {
        let state = simulator.state().ok()?;
        state["passes"].as_array()?.iter().find(|pass| pass["id"] == "valid")?["revoked"].as_bool().filter(|is| !is)
    });
    page.hold(POST, "valid");
    page.wait_for_outcome(POST, "admit");
}

#[test]
fn without_a_network_the_box_judges_and_queues_and_afterwards_hq_has_it_all() {
    let simulator = Simulator::started();
    let page = simulator.visited(None);
    let network = Page::at(POST, "button[data-network]");
    page.browser.press(&network);
    page.wait_for(POST, "data-network", "the network to be down", |network| network == "down");
    page.hold(POST, "revoked");
    page.wait_for_outcome(POST, "refuse");
    page.wait("the queue to grow", |_| page.number(POST, "queue").filter(|queue| *queue > 0));
    assert_eq!(page.browser.count("tr[data-crossing]").unwrap(), 0, "HQ cannot know yet");
    page.browser.press(&network);
    page.wait_for(POST, "data-network", "the network to be up", |network| network == "up");
    let drained = wait::until("the queue to drain", LINK, || page.number(POST, "queue").filter(|queue| *queue == 0));
    drained.unwrap_or_else(|why| panic!("{why}: {:#}", simulator.state().unwrap()["boxes"]));
    page.wait_for_row(POST, "refuse", Some("revoked"));
}

#[test]
fn a_visitor_chooses_the_weather_and_sees_it_come_and_go() {
    let simulator = Simulator::started();
    let page = simulator.visited(None);
    let choose = |scenario: &str| page.browser.press(&Page::at(POST, &format!("option[value=\"{scenario}\"]")));
    choose("half-open");
    page.wait_for(POST, "data-playing", "the scenario", |scenario| scenario == "half-open");
    page.hold(POST, "valid");
    page.wait_for_outcome(POST, "admit");
    page.wait_for(POST, "data-weather", "silence", |weather| weather == "silent");
    let drawn = |what: &str| page.browser.count(&Page::at(POST, &format!(".forecast {what}"))).unwrap();
    assert_eq!((drawn("rect.silent"), drawn("path.now")), (4, 1), "four spells, and where it stands");
    page.browser.keep_picture(&picture("weather"));
    // A hand is stronger than weather, and weather does not mend what a hand has cut.
    page.browser.press(&Page::at(POST, "button[data-network]"));
    page.wait_for(POST, "data-network", "the network to be down", |network| network == "down");
    choose("clock-1970");
    page.wait_for(POST, "data-playing", "the other scenario", |scenario| scenario == "clock-1970");
    assert_eq!(drawn("path.event"), 3, "off, 1970, right again");
    page.browser.press(&Page::at(POST, "button[data-network]"));
    page.wait_for(POST, "data-network", "the network to be up", |network| network == "up");
    choose("");
    page.wait_for(POST, "data-playing", "fine weather", str::is_empty);
    page.wait_for(POST, "data-weather", "a clear line", |weather| weather == "clear");
    let drained = wait::until("the queue to drain", LINK, || page.number(POST, "queue").filter(|queue| *queue == 0));
    drained.unwrap_or_else(|why| panic!("{why}: {:#}", simulator.state().unwrap()["boxes"]));
    page.wait_for_row(POST, "admit", None);
    assert_eq!(page.browser.complaints().unwrap(), Vec::<String>::new());
}

#[test]
fn a_box_that_falls_dead_comes_back_with_what_it_had() {
    let simulator = Simulator::started();
    let page = simulator.visited(None);
    page.hold(POST, "revoked");
    page.wait_for_outcome(POST, "refuse");
    page.key(POST, "no");
    page.take_away(POST);
    let starts = page.number(POST, "starts").unwrap();
    page.browser.press(&Page::at(POST, "button[data-kill]"));
    page.wait("the box to start again", |_| page.number(POST, "starts").filter(|now| *now > starts));
    page.wait_for(POST, "data-running", "the box to run", |running| running == "true");
    page.hold(POST, "valid");
    page.wait_for_outcome(POST, "admit");
    page.wait_for_row(POST, "refuse", Some("revoked"));
    page.wait_for_row(POST, "admit", None);
}

#[test]
fn the_page_speaks_russian_and_english_and_nothing_else_in_between() {
    let simulator = Simulator::started();
    let page = simulator.visited(None);
    page.hold(POST, "valid");
    page.wait_for_outcome(POST, "admit");
    let language = |page: &Page<'_>| page.browser.attribute("html", "lang").ok().flatten();
    let first = language(&page).unwrap();
    let second = if first == "ru" { "en" } else { "ru" };
    for expected in [second, &first] {
        // It may be one button, a list, or a button a language.
        let switch = format!(
            "const s = document.querySelector('#language');
             if (s.tagName === 'SELECT') {{ s.value = '{expected}'; s.dispatchEvent(new Event('change', {{bubbles: true}})); }}
             else (s.querySelector('[data-lang=\"{expected}\"], [value=\"{expected}\"]') ?? s).click();"
        );
        page.browser.ask(&switch).unwrap();
        page.wait(&format!("the page to be in {expected}"), |_| language(&page).filter(|now| now == expected));
        let title = page.said_of(POST).unwrap()["title"][expected].as_str().unwrap().to_owned();
        page.wait("the box's title", |browser| {
            let text = browser.text(&format!("section[data-box=\"{POST}\"]")).ok()?;
            text.contains(&title).then_some(())
        });
        page.wait("the panel to speak alike", |_| page.said_of(POST).filter(|said| said["language"] == expected));
        let letters = page.browser.text("body").unwrap();
        let cyrillic = letters.chars().filter(|c| ('\u{400}'..='\u{4ff}').contains(c)).count();
        let latin = letters.chars().filter(char::is_ascii_alphabetic).count();
        assert_eq!(cyrillic > latin, expected == "ru", "{cyrillic} Cyrillic letters and {latin} Latin ones: {letters}");
        page.browser.keep_picture(&picture(&format!("page-{expected}")));
        if std::env::var_os("CHECKPOINT_BLESS").is_some() {
            let kept = programs::project().join("docs/pictures");
            std::fs::create_dir_all(&kept).unwrap();
            page.browser.keep_picture(&kept.join(format!("page-{expected}.png")));
        }
    }
    assert_eq!(page.browser.complaints().unwrap(), Vec::<String>::new());
}

#[test]
fn a_pass_held_before_the_visitors_own_camera_is_read_and_judged() {
    let simulator = Simulator::started();
    let film = simulator.path("film.y4m");
    std::fs::write(&film, pictures::film(&simulator.file("/pass/valid.png"), 640, 480)).unwrap();
    let page = simulator.visited(Some(&film));
    page.browser.press(&Page::at(POST, "button[data-webcam]"));
    // No plate is in the visitor's picture, so the officer compares it with the car.
    page.wait_for_outcome(POST, "check");
    page.wait_for(POST, "data-reasons", "what to compare", |reasons| reasons == "compare-plate");
    page.browser.keep_picture(&picture("page-webcam"));
    page.key(POST, "yes");
    page.wait_for(POST, "data-lamp", "the lamp to be green", |lamp| lamp == "green");
    page.wait_for_row(POST, "check", Some("compare-plate"));
}

#[test]
fn another_system_is_played_on_the_same_page() {
    let simulator = Simulator::of("konakovo");
    let page = simulator.visited(None);
    // Three digits and a letter: the officer compares, and lets pass.
    page.hold(POST, "work");
    page.wait_for_outcome(POST, "check");
    page.wait_for(POST, "data-reasons", "the next fact", |reasons| reasons.split(' ').any(|one| one == "compare-next"));
    page.key(POST, "yes");
    page.wait_for(POST, "data-lamp", "the lamp to be green", |lamp| lamp == "green");
    page.hold(POST, "look-alike");
    page.wait_for_outcome(POST, "refuse");
    page.wait_for(POST, "data-reasons", "the reason", |reasons| reasons.split(' ').any(|one| one == "unknown-link"));
    page.wait_for_row(POST, "refuse", Some("unknown-link"));
    page.browser.keep_picture(&picture("konakovo"));
    assert_eq!(page.browser.complaints().unwrap(), Vec::<String>::new());
}
