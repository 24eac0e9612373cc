//! Every screen, in every language, at both sizes: that all of it fits, and that it looks as it did.

use std::path::PathBuf;

use verdict::{Grade, Knowledge, Outcome, Reason};

use super::*;
use embedded_graphics::pixelcolor::RgbColor as _;

use crate::desk::{
    Arrival, CardFault, Choice, Ending, Letters, Meant, Menu, Override, Past, SignIn, Stay, Title, Typed,
};
use crate::driver::{self, Driver};
use crate::enrol::{Enrol, NotEnrolled};
use crate::sample::{card, enrols, request, typed, view};
use crate::view::{Card, Fault, Hint, Language, Names, Presented, Room, Run, Stick};

const SIZES: [(u32, u32); 2] = [(800, 480), (320, 240)];

fn drawn(view: &View, size: (u32, u32)) -> (Picture, Vec<String>) {
    let (picture, faults, _) = drawn_and_read(view, size);
    (picture, faults)
}

/// A picture, what is wrong with it, and every text on it.
fn drawn_and_read(view: &View, (width, height): (u32, u32)) -> (Picture, Vec<String>, Vec<String>) {
    let mut picture = Picture::new(width, height);
    let mut sheet = Sheet::new(&mut picture);
    on_sheet(view, &mut sheet);
    let (faults, written) = (std::mem::take(&mut sheet.faults), std::mem::take(&mut sheet.written));
    (picture, faults, written)
}

/// Everything that can become of a stick.
fn sticks() -> [Stick; 13] {
    [
        Stick::Reading { done: 12_480_000, total: 280_940_000 },
        Stick::Adopted { sequence: 812 },
        Stick::Current { sequence: 812 },
        Stick::Older { here: 812, there: 805 },
        Stick::OtherRegion { region: "RU-KOS".into() },
        Stick::Damaged,
        Stick::NotSigned,
        Stick::TooOld,
        Stick::Pulled,
        Stick::Nothing,
        Stick::Failed,
        Stick::Settled,
        Stick::WrongReceipt,
    ]
}

/// Everything that can become of an update from a phone.
fn runs() -> [Run; 10] {
    [
        Run::Receiving { percent: 43 },
        Run::Checking,
        Run::Adopted { sequence: 812 },
        Run::Current { sequence: 812 },
        Run::Older { here: 812, there: 805 },
        Run::OtherRegion { region: "RU-KOS".into() },
        Run::Missing,
        Run::NotSigned,
        Run::TooOld,
        Run::Failed,
    ]
}

fn names(ru: &str, en: &str) -> Names {
    Names { ru: ru.into(), en: en.into() }
}

/// The menu and its lists, the last crossings, an arrival.
fn lists() -> Vec<(&'static str, Screen)> {
    let top = [Choice::Exemptions, Choice::Overrides, Choice::Arrivals, Choice::Recent, Choice::SignOut, Choice::Trips];
    let numbered = |choices: Vec<Choice>| (1..).zip(choices).collect::<Vec<_>>();
    let menu = |title, choices, page, shift: Option<&str>| {
        Screen::Menu(Menu { title, choices, page, shift: shift.map(Into::into) })
    };
    let exemptions = [
        ("Житель, по документу", "Resident, by document"),
        ("Служебное удостоверение", "Service ID"),
        ("Скорая помощь", "Ambulance"),
        ("Перевозка грузов", "Freight"),
        ("Пожарные, спасатели", "Fire and rescue"),
        ("Почта, связь", "Post and telecommunications"),
        ("Похороны, по справке", "Funeral, by certificate"),
        ("К врачу, по направлению", "To a doctor, by referral"),
    ];
    let exemptions = exemptions.map(|(ru, en)| Choice::Named(names(ru, en))).to_vec();
    let past = |at: &str, kind: bool, plate: &str, outcome, ending| Past {
        at: at.into(),
        kind: kind.then(|| names("Рабочий", "Work")),
        plate: (!plate.is_empty()).then(|| plate.into()),
        outcome,
        ending,
    };
    let (admit, check, refuse) = (Some(Outcome::Admit), Some(Outcome::Check), Some(Outcome::Refuse));
    let recent = vec![
        past("14:07", true, "A123BC77", admit, Ending::Passed),
        past("14:05", true, "E777KX199", check, Ending::Passed),
        past("14:04", true, "M001MM77", refuse, Ending::TurnedBack),
        past("14:01", false, "P500TY50", None, Ending::Exempted),
        past("13:58", true, "AB12377", refuse, Ending::Overridden),
        past("13:57", true, "?123??", check, Ending::TurnedBack),
        past("13:55", false, "", refuse, Ending::Undecided),
        past("13:52", true, "H404XX777", admit, Ending::Passed),
        past("13:51", true, "1234AB77", admit, Ending::Passed),
        past("13:49", false, "K808KK71", None, Ending::Exempted),
    ];
    let arrival = |house: Option<&str>| {
        Screen::Arrival(Arrival {
            purpose: names("На дачу", "To a country house"),
            place: Some("Венёв".into()),
            house: house.map(Into::into),
            plate: Some("A123BC77".into()),
            span: Stay::Days(14),
        })
    };
    let trip = Screen::Arrival(Arrival {
        purpose: names("К врачу", "To a doctor"),
        place: None,
        house: Some("МИРА-ПУШКИНА".into()),
        plate: Some("A123BC86".into()),
        span: Stay::Minutes(Some(180)),
    });
    let places = ["Тула", "Новомосковск", "Алексин", "Щёкино", "Узловая", "Ефремов", "Кимовск", "Богородицк"];
    let mut places = numbered(places.map(|place| Choice::Named(names(place, place))).to_vec());
    places.push((9, Choice::OtherPlace));
    vec![
        ("menu-places", menu(Title::Places, places, (1, 1), None)),
        ("trip", trip),
        ("menu", menu(Title::Menu, numbered(top.to_vec()), (1, 1), Some("Рысь-4"))),
        ("menu-no-shift", menu(Title::Menu, vec![(3, Choice::Arrivals), (4, Choice::Recent)], (1, 1), None)),
        ("menu-exemptions", menu(Title::Exemptions, numbered(exemptions), (1, 2), Some("Рысь-4"))),
        (
            "menu-overrides",
            menu(Title::Overrides, numbered(Override::ALL.map(Choice::Override).to_vec()), (1, 1), Some("Рысь-4")),
        ),
        ("recent", Screen::Recent(recent)),
        ("arrival", arrival(Some("12-3"))),
        ("arrival-house", arrival(None)),
    ]
}

/// Everything that can be asked of who begins a shift.
fn sign_ins() -> Vec<(String, SignIn)> {
    let pin = |typed, wrong, wait| SignIn::Pin { pseudonym: "Рысь-4".into(), typed, wrong, wait };
    let asked =
        [("card", SignIn::Card), ("pin", pin(4, false, 0)), ("wrong", pin(0, true, 0)), ("wait", pin(0, true, 60))];
    let refused = CardFault::ALL.map(|why| (why.code(), SignIn::Refused(why)));
    asked.into_iter().chain(refused).map(|(name, asked)| (format!("shift-{name}"), asked)).collect()
}

/// The plate's groups of letters, or the letters of one.
fn letters(named: bool) -> Letters {
    let groups = ["ABE", "KMH", "OPC", "TYX", "DFG", "IJL", "NQR", "SUV", "WZ"];
    let choices = if named {
        vec![(1, "A".into()), (2, "B".into()), (3, "E".into())]
    } else {
        (1..).zip(groups.map(str::to_owned)).collect()
    };
    Letters { choices, named, then_menu: false }
}

/// The screens that are kept as pictures, by name.
fn screens() -> Vec<(String, Screen)> {
    let named = |name: &str, screen| (name.to_owned(), screen);
    let mut several = card(&[Reason::ComparePlate]);
    several.plates = ["A123BC77", "E777KX199", "M001MM77", "AB12377", "P500TY50"].map(Into::into).to_vec();
    let mut screens = vec![
        named("idle", Screen::Idle),
        named("admit", Screen::Verdict(card(&[]))),
        named("check-several-plates", Screen::Verdict(several)),
        named(
            "check-many-reasons",
            Screen::Verdict(card(&[
                Reason::ClockInDoubt,
                Reason::KnowledgeOld,
                Reason::ComparePlate,
                Reason::CompareDocument,
            ])),
        ),
        named("passed", Screen::Closed { passed: true, card: card(&[Reason::ComparePlate]) }),
        named("turned-back", Screen::Closed { passed: false, card: card(&[Reason::WrongPlate]) }),
        named("admitted-before", Screen::AdmittedBefore { at: "14:02".into(), card: card(&[]) }),
    ];
    screens.extend(
        Reason::ALL.iter().map(|reason| {
            (format!("{}-{}", reason.outcome().as_str(), reason.code()), Screen::Verdict(card(&[*reason])))
        }),
    );
    let mut code = card(&[Reason::CompareNext]);
    (code.presented, code.claimed_until) = (Some(Presented::Code), Some("11.04".into()));
    screens.push(named("check-code", Screen::Verdict(code)));
    let mut claimed = card(&[Reason::RegisterMissing]);
    (claimed.plates, claimed.holder, claimed.birth, claimed.id_digits) = (vec![], None, None, None);
    (claimed.kind, claimed.issuer, claimed.ends) = (None, None, None);
    (claimed.presented, claimed.claimed_until) = (Some(Presented::Code), Some("11.04".into()));
    screens.push(named("check-code-claims", Screen::Verdict(claimed)));
    let mut trip = card(&[Reason::CompareDocument]);
    (trip.minutes, trip.route) = (Some(180), Some("Сургут - Нефтеюганск".into()));
    screens.push(named("check-trip", Screen::Verdict(trip)));
    let mut certificate = card(&[Reason::CompareDocument]);
    certificate.plates.clear();
    (certificate.holder, certificate.birth, certificate.id_digits) = (Some("М.Г.".into()), Some("1984".into()), None);
    certificate.kind = Some(names("Вакцинация", "Vaccination"));
    screens.push(named("check-certificate", Screen::Verdict(certificate)));
    let mut fed = card(&[]);
    (fed.plate_seen, fed.by_feed) = (Some("A123BC77".into()), true);
    screens.push(named("admit-by-feed", Screen::Verdict(fed)));
    let marked = [Reason::RegisterAlert, Reason::ComparePlate];
    screens.push(named("check-marked", Screen::Verdict(card(&marked))));
    screens.extend(lists().into_iter().map(|(name, screen)| named(name, screen)));
    screens.extend(sign_ins().into_iter().map(|(name, asked)| (name, Screen::SignIn(asked))));
    screens.extend(Fault::ALL.map(|fault| (format!("fault-{}", fault.code()), Screen::Fault(fault))));
    screens.extend(Hint::ALL.map(|hint| (format!("hint-{}", hint.as_str()), Screen::Hint(hint))));
    screens.extend(sticks().map(|stick| (format!("stick-{}", stick.code()), Screen::Stick(stick))));
    screens.extend(runs().map(|run| (format!("run-{}", run.code()), Screen::Run(run))));
    screens.extend(enrols().into_iter().map(|enrol| (format!("enrol-{}", enrol.code()), Screen::Enrol(enrol))));
    screens
}

/// The views that are kept as pictures, by name: every screen, and what can lie over one.
fn views(language: Language) -> Vec<(String, View)> {
    let mut views: Vec<_> = screens().into_iter().map(|(name, screen)| (name, view(language, screen))).collect();
    let mut typing = |name: &str, screen, text: &str, meant, letters| {
        let mut view = view(language, screen);
        view.typed = Some(Typed { text: text.into(), meant, letters });
        views.push((name.to_owned(), view));
    };
    let idle = || Screen::Idle;
    typing("typed", idle(), "B 777 OP", Meant::Unknown, None);
    typing("typed-plate", idle(), "B 777 OP 77", Meant::Plate, None);
    typing("typed-code", idle(), "1104-T123-MO11-K123", Meant::Code, None);
    typing("letters", idle(), "", Meant::Unknown, Some(Letters { then_menu: true, ..letters(false) }));
    typing("letters-named", idle(), "B 777", Meant::Unknown, Some(letters(true)));
    let verdict = Screen::Verdict(card(&[Reason::ComparePlate]));
    typing("letters-verdict", verdict, "B 777", Meant::Unknown, Some(letters(false)));
    let mut unwell = view(language, Screen::Verdict(card(&[Reason::ComparePlate])));
    unwell.bar.clock_is_sound = false;
    unwell.bar.online = Some(false);
    unwell.bar.queue = 1240;
    unwell.bar.release_age_minutes = 60 * 31;
    unwell.bar.knowledge = Grade::Old;
    unwell.bar.journal_fails = true;
    views.push(("unwell".into(), unwell));
    let mut stale = view(language, Screen::Verdict(card(&[])));
    stale.bar.knowledge = Grade::Stale;
    stale.bar.worst = Some((Knowledge::Ids, 60 * 31));
    views.push(("stale-part".into(), stale));
    let mut room = view(language, Screen::Idle);
    room.bar.room = Some(Room::Hours(20));
    views.push(("room".into(), room.clone()));
    room.bar.room = Some(Room::Little);
    room.bar.online = Some(false);
    views.push(("room-little".into(), room));
    views
}

/// The driver's signs, by name.
fn signs() -> [(String, Driver); 5] {
    Driver::ALL.map(|sign| (format!("driver-{}", sign.as_str()), sign))
}

fn drawn_for_driver(sign: Driver, language: Language, (width, height): (u32, u32)) -> (Picture, Vec<String>) {
    let mut picture = Picture::new(width, height);
    let mut sheet = Sheet::new(&mut picture);
    driver::on_sheet(sign, language, &mut sheet);
    let faults = std::mem::take(&mut sheet.faults);
    (picture, faults)
}

fn golden(language: Language, (width, height): (u32, u32), name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs/panel")
        .join(format!("{}-{width}x{height}-{name}.png", language.as_str()))
}

#[test]
fn every_screen_looks_as_it_did() {
    let bless = std::env::var_os("CHECKPOINT_BLESS").is_some();
    let mut changed = Vec::new();
    for language in Language::ALL {
        for size in SIZES {
            let views = views(language).into_iter().map(|(name, view)| (name, drawn(&view, size).0));
            let signs = signs().map(|(name, sign)| (name, drawn_for_driver(sign, language, size).0));
            for (name, picture) in views.chain(signs) {
                let path = golden(language, size, &name);
                if bless {
                    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                    std::fs::write(&path, small_png(&picture)).unwrap();
                } else if !std::fs::read(&path).is_ok_and(|png| pixels(&png) == picture.rgb()) {
                    changed.push(path);
                }
            }
        }
    }
    assert!(changed.is_empty(), "look at these, and draw them anew with CHECKPOINT_BLESS=1: {changed:#?}");
}

#[test]
fn no_picture_is_kept_of_a_screen_that_is_gone() {
    let kept = std::fs::read_dir(golden(Language::Ru, SIZES[0], "").parent().unwrap()).unwrap();
    let known: Vec<PathBuf> = Language::ALL
        .into_iter()
        .flat_map(|l| {
            let names = move || views(l).into_iter().map(|(name, _)| name).chain(signs().map(|(name, _)| name));
            SIZES.into_iter().flat_map(move |s| names().map(move |name| golden(l, s, &name)))
        })
        .collect();
    for file in kept.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "png")) {
        assert!(known.iter().any(|path| path.file_name() == file.file_name()), "{file:?}");
    }
}

fn small_png(picture: &Picture) -> Vec<u8> {
    use image::ImageEncoder as _;
    use image::codecs::png::{CompressionType, FilterType, PngEncoder};
    let ((width, height), mut png) = (picture.dimensions(), Vec::new());
    PngEncoder::new_with_quality(&mut png, CompressionType::Best, FilterType::NoFilter)
        .write_image(picture.rgb(), width, height, image::ExtendedColorType::Rgb8)
        .unwrap();
    png
}

fn pixels(png: &[u8]) -> Vec<u8> {
    image::load_from_memory_with_format(png, image::ImageFormat::Png).unwrap().into_rgb8().into_raw()
}

fn assert_sound(what: &str, view: &View) {
    for size in SIZES {
        let (_, faults) = drawn(view, size);
        assert!(faults.is_empty(), "{what} at {size:?} in {:?}: {faults:#?}", view.language);
    }
}

#[test]
fn every_screen_fits_in_every_language_at_both_sizes() {
    for language in Language::ALL {
        for (name, view) in views(language) {
            assert_sound(&name, &view);
        }
    }
}

#[test]
fn every_sign_for_the_driver_fits_and_has_a_shape_of_its_own() {
    for size in [SIZES[0], SIZES[1], (128, 64), (160, 128)] {
        for language in Language::ALL {
            for (name, sign) in signs() {
                let (_, faults) = drawn_for_driver(sign, language, size);
                assert!(faults.is_empty() || size.1 < 100, "{name} at {size:?}: {faults:#?}");
            }
        }
    }
}

#[test]
fn every_reason_that_does_not_refuse_says_that_a_document_is_needed() {
    for language in Language::ALL {
        for size in SIZES {
            for reasons in Reason::ALL.iter().map(|reason| vec![*reason]).chain([vec![]]) {
                let card = card(&reasons);
                let refuses = card.outcome == Outcome::Refuse;
                let (_, _, written) = drawn_and_read(&view(language, Screen::Verdict(card)), size);
                let says = written.contains(&text::words(language).only_with_document.to_owned());
                assert_eq!(says, !refuses, "{reasons:?} at {size:?}");
            }
        }
    }
}

#[test]
fn every_reason_is_on_the_panel_in_its_own_words_with_its_sign_and_its_tone() {
    for language in Language::ALL {
        for reason in Reason::ALL {
            let shown = view(language, Screen::Verdict(card(&[*reason])));
            let (_, _, written) = drawn_and_read(&shown, SIZES[0]);
            let headline = crate::font::legible(text::reason(language, *reason).headline);
            assert!(written.iter().any(|text| crate::font::legible(text) == headline), "{reason:?}: {written:?}");
            assert!(crate::tone(None, &shown).is_some(), "{reason:?}");
        }
    }
}

#[test]
fn an_alert_is_a_mark_for_the_officer_and_no_word() {
    let marked = card(&[Reason::RegisterAlert, Reason::ComparePlate]);
    for language in Language::ALL {
        for size in SIZES {
            let (picture, _, written) = drawn_and_read(&view(language, Screen::Verdict(marked.clone())), size);
            let all = written.join(" ").to_lowercase();
            for word in ["карантин", "реестр", "отметк", "quarantine", "register", "alert"] {
                assert!(!all.contains(word), "{all}");
            }
            let mut plain = marked.clone();
            plain.reasons.remove(0);
            let (other, _, _) = drawn_and_read(&view(language, Screen::Verdict(plain)), size);
            assert!(picture != other);
        }
    }
}

#[test]
fn every_pair_of_reasons_fits() {
    for language in Language::ALL {
        for (i, one) in Reason::ALL.iter().enumerate() {
            for other in &Reason::ALL[i + 1..] {
                let view = view(language, Screen::Verdict(card(&[*one, *other])));
                assert_sound(&format!("{one:?} and {other:?}"), &view);
            }
        }
    }
}

#[test]
fn all_reasons_at_once_fit_and_are_counted() {
    for language in Language::ALL {
        assert_sound("all", &view(language, Screen::Verdict(card(Reason::ALL))));
        let checks: Vec<_> = Reason::ALL.iter().copied().filter(|r| r.number() >= 40).collect();
        assert_sound("all checks", &view(language, Screen::Verdict(card(&checks))));
    }
}

#[test]
fn what_comes_from_outside_may_be_long_strange_or_missing() {
    let mut strange = card(&[Reason::CompareDocument]);
    strange.holder = Some("Константинопольский-Преображенский Александр Владимирович".into());
    strange.issuer = Some("Управление делами ".repeat(20));
    strange.kind = None;
    strange.id_digits = None;
    let mut odd = card(&[Reason::PlateReadingDoubtful]);
    odd.holder = Some("漢字\u{202e}\u{0}\n\tӘбу Ґ é 🚗".into());
    odd.plates = vec!["ЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖЖ".into(), String::new()];
    odd.plate_seen = Some("漢1?".into());
    odd.ends = Some(String::new());
    let empty = Card {
        kind: None,
        issuer: None,
        plates: vec![],
        plate_seen: None,
        holder: None,
        birth: None,
        id_digits: None,
        ends: None,
        list_age_minutes: u64::MAX,
        ..card(&[])
    };
    for card in [strange, odd, empty] {
        for reason in Reason::ALL {
            let card = Card { reasons: vec![*reason], outcome: reason.outcome(), ..card.clone() };
            assert_sound("strange", &view(Language::Ru, Screen::Verdict(card)));
        }
        for passed in [true, false] {
            assert_sound("strange", &view(Language::En, Screen::Closed { passed, card: card.clone() }));
        }
    }
}

#[test]
fn a_stick_may_hold_the_largest_numbers_and_the_longest_name() {
    for language in Language::ALL {
        for stick in [
            Stick::Reading { done: 5_368_709_120, total: 5_368_709_120 },
            Stick::Adopted { sequence: 4_294_967_295 },
            Stick::Older { here: 4_294_967_295, there: 4_294_967_295 },
            Stick::OtherRegion { region: "M".repeat(32) },
        ] {
            assert_sound("stick", &view(language, Screen::Stick(stick)));
        }
    }
}

#[test]
fn an_update_from_a_phone_may_have_the_largest_numbers_and_the_longest_name() {
    for language in Language::ALL {
        for run in [
            Run::Receiving { percent: 100 },
            Run::Adopted { sequence: 4_294_967_295 },
            Run::Older { here: 4_294_967_295, there: 4_294_967_295 },
            Run::OtherRegion { region: "M".repeat(32) },
        ] {
            assert_sound("run", &view(language, Screen::Run(run)));
        }
    }
}

#[test]
fn a_box_to_be_enrolled_may_have_the_longest_names() {
    for language in Language::ALL {
        for enrol in [
            request(600, &"M".repeat(32)),
            Enrol::Receiving { percent: 100 },
            Enrol::Refused(NotEnrolled::OtherRegion { region: "M".repeat(32) }),
            Enrol::Refused(NotEnrolled::OtherBox { name: "M".repeat(32) }),
        ] {
            assert_sound("enrolment", &view(language, Screen::Enrol(enrol)));
        }
    }
}

#[test]
fn a_request_is_shown_with_three_pixels_to_a_module_on_the_smallest_panel() {
    for (characters, longest_side) in [(520, 65), (600, 69)] {
        let Enrol::Request { code, .. } = request(characters, "m10-km178") else { unreachable!("it is a request") };
        assert!(code.width() <= longest_side && (code.width() + 8) * 3 <= 240, "{}", code.width());
        let (picture, _) = drawn(&view(Language::Ru, Screen::Enrol(request(characters, "m10-km178"))), (320, 240));
        // The finder pattern's upper edge is seven modules of black.
        let black = |x: u32, y: u32| picture.rgb()[((y * 320 + x) * 3) as usize] == 0;
        let (x, y) = (0..240).flat_map(|y| (0..120).map(move |x| (x, y))).find(|(x, y)| black(*x, *y)).unwrap();
        assert_eq!((x..320).take_while(|x| black(*x, y)).count(), 7 * 3);
        assert!(x >= 12 && y >= 12);
    }
}

#[test]
fn what_is_typed_lies_over_any_screen_and_hides_no_verdict() {
    for language in Language::ALL {
        for (name, mut view) in views(language) {
            view.typed = Some(typed("1234567890ABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890"));
            assert_sound(&name, &view);
        }
    }
}

#[test]
fn the_bar_holds_the_worst_of_everything() {
    for language in Language::ALL {
        for (time, online, release) in
            [(None, Some(false), None), (Some("23:59"), Some(false), Some(4_294_967)), (Some("23:59"), None, Some(1))]
        {
            let mut view = view(language, Screen::Idle);
            view.bar.time = time.map(Into::into);
            view.bar.clock_is_sound = false;
            (view.bar.online, view.bar.queue) = (online, u64::MAX);
            (view.bar.release, view.bar.release_age_minutes) = (release, u64::MAX);
            view.bar.journal_fails = true;
            view.bar.knowledge = Grade::Old;
            assert_sound("bar", &view);
            for room in [Room::Hours(u32::MAX), Room::Little] {
                view.bar.room = Some(room);
                view.bar.journal_fails = false;
                assert_sound("bar", &view);
            }
            for part in Knowledge::ALL {
                view.bar.worst = Some((part, u64::MAX));
                assert_sound("bar", &view);
            }
        }
    }
}

#[test]
fn any_size_can_be_drawn() {
    for size in
        [(0, 0), (1, 1), (8, 3), (64, 48), (128, 64), (240, 320), (480, 320), (1024, 600), (1920, 1080), (20, 900)]
    {
        for (_, view) in views(Language::Ru) {
            drawn(&view, size);
        }
    }
}

#[test]
fn ordinary_panels_of_other_sizes_fit_too() {
    for size in [(480, 320), (640, 480), (1024, 600), (1280, 720)] {
        for language in Language::ALL {
            for (name, view) in views(language) {
                let (_, faults) = drawn(&view, size);
                assert!(faults.is_empty(), "{name} at {size:?}: {faults:#?}");
            }
        }
    }
}

#[test]
fn every_text_has_all_its_letters_in_every_face() {
    for language in Language::ALL {
        let mut texts = vec![format!("{:?}", text::words(language))];
        texts.extend(Reason::ALL.iter().map(|r| format!("{:?}", text::reason(language, *r))));
        texts.extend(Fault::ALL.iter().map(|f| format!("{:?}", text::fault(language, *f))));
        texts.extend(Hint::ALL.iter().map(|h| format!("{:?}", text::hint(language, *h))));
        texts.extend(sticks().iter().map(|s| format!("{:?}", text::stick(language, s))));
        texts.extend(runs().iter().map(|r| format!("{:?}", text::run(language, r))));
        texts.extend(sign_ins().iter().map(|(_, asked)| format!("{:?}", text::sign_in(language, asked))));
        texts.extend(enrols().iter().map(|e| format!("{:?}", text::enrol(language, e))));
        for face in &crate::font::FACES {
            for text in &texts {
                let text = crate::font::legible(text);
                assert!(face.has(&text), "{} at {}", text, face.cap);
            }
        }
    }
}

#[test]
fn everything_is_said_in_its_own_words_and_with_something_to_do() {
    for language in Language::ALL {
        // One reason is a fault too, in the same words.
        let reasons = Reason::ALL.iter().filter(|r| **r != Reason::NoTrust).map(|r| text::reason(language, *r));
        let faults = Fault::ALL.iter().map(|f| text::fault(language, *f));
        let hints = Hint::ALL.iter().map(|h| text::hint(language, *h));
        let sticks = sticks();
        let sticks = sticks.iter().map(|s| text::stick(language, s));
        let runs = runs();
        let runs = runs.iter().map(|r| text::run(language, r));
        let enrols = enrols();
        let enrols = enrols.iter().map(|e| text::enrol(language, e));
        let sign_ins = sign_ins();
        let sign_ins =
            sign_ins.iter().filter(|(name, _)| name != "shift-wait").map(|(_, s)| text::sign_in(language, s));
        let enrols = enrols.chain(sign_ins);
        let said = reasons.chain(faults).chain(hints).chain(sticks).chain(runs).chain(enrols).collect::<Vec<_>>();
        for (i, one) in said.iter().enumerate() {
            assert!(!one.headline.is_empty() && !one.headline.ends_with('.') && one.advice.ends_with('.'), "{one:?}");
            assert!(said[..i].iter().all(|other| other != one), "{one:?} is said twice");
        }
    }
}

/// The part of a picture in which a verdict's sign stands, without colour: which pixels are letters.
fn sign(reasons: &[Reason], size: (u32, u32)) -> Vec<bool> {
    let (picture, _) = drawn(&view(Language::Ru, Screen::Verdict(card(reasons))), size);
    let ground = crate::screen::verdict::pair(card(reasons).outcome).ground;
    let ground = [ground.r(), ground.g(), ground.b()];
    let side = size.1 / 4;
    let at = |x: u32, y: u32| ((y * size.0 + x) * 3) as usize;
    (0..side).flat_map(|y| (0..side).map(move |x| at(x, y))).map(|at| picture.rgb()[at..at + 3] != ground).collect()
}

#[test]
fn the_three_verdicts_differ_by_shape_alone() {
    for size in SIZES {
        let signs = [sign(&[], size), sign(&[Reason::ComparePlate], size), sign(&[Reason::Forged], size)];
        for (one, other) in [(0, 1), (0, 2), (1, 2)] {
            let differ = signs[one].iter().zip(&signs[other]).filter(|(a, b)| a != b).count();
            let ink = signs[one].iter().filter(|ink| **ink).count();
            assert!(differ * 2 > ink, "{one} and {other} at {size:?}: {differ} of {ink}");
        }
    }
}

#[test]
fn every_hint_has_a_picture_of_its_own() {
    for size in SIZES {
        // The picture stands in the upper part; the words are below it.
        let upper = (size.0 * size.1 * 3 * 2 / 5) as usize;
        let pictures =
            Hint::ALL.map(|hint| drawn(&view(Language::Ru, Screen::Hint(hint)), size).0.rgb()[..upper].to_vec());
        for (i, one) in pictures.iter().enumerate() {
            for other in &pictures[..i] {
                let differ = one.iter().zip(other).filter(|(a, b)| a != b).count();
                assert!(differ * 40 > upper, "{:?} at {size:?}: {differ} of {upper}", Hint::ALL[i]);
            }
        }
    }
}

#[test]
fn drawing_only_reads() {
    for (name, view) in views(Language::Ru) {
        let (once, twice) = (drawn(&view, SIZES[1]).0, {
            let mut used = drawn(&self::view(Language::En, Screen::Hint(Hint::Unread)), SIZES[1]).0;
            draw(&view, &mut used);
            used
        });
        assert!(once == twice, "{name} shows what was there before");
    }
}
