//! From what stands in the file to what boxes follow: everything that is wrong is found, and not the first alone.

use std::collections::BTreeSet;

use jiff::Timestamp;
use pass::registered::{self, CardForm, CodeForm, Forms, IdShape, LinkForm};
use pass::{Format, Kind};
use verdict::condition::Expected;
use verdict::{
    AcceptedBy, Arrivals, Attempts, Exemption, Freshness as Bounds, KindRule, Knowledge, Limits, PlateRule, PlateTrust,
    Policy, Purpose,
};

use super::fault::{Fault, Finding};
use super::file::{self, Best, Check, Claims, File, Id, Part, Plate};
use super::{Known, place};
use crate::span::Span;

/// Longest name of a kind or a purpose: what fits on one line of the smallest panel.
const LONGEST_NAME: usize = 24;

/// Longest text of an exemption: three such lines.
const LONGEST_TEXT: usize = 72;

/// Most kinds of a region.
const MOST_KINDS: usize = 256;

/// Most of what an officer chooses from with three keys.
const MOST_CHOICES: usize = 32;

/// Most places of arrivals.
const MOST_PLACES: usize = 256;

/// Sorts of devices that read plates.
const SOURCES: [&str; 4] = ["hikvision", "frigate", "axis", "json"];

/// Kinds that are certificates and not passes.
const CERTIFICATES: [Kind; 4] = [Kind::VACCINATION, Kind::TEST, Kind::RECOVERY, Kind::COVID_PASS];

/// What a file says, and everything that is wrong with it.
pub struct Reading {
    pub policy: Policy,
    pub kinds: Vec<Known>,
    pub faults: Vec<Finding<Fault>>,
}

struct Faults<'t> {
    text: &'t str,
    found: Vec<Finding<Fault>>,
}

impl Faults<'_> {
    fn add(&mut self, key: impl Into<String>, what: Fault) {
        let key = key.into();
        self.found.push(Finding { line: place::line(self.text, &key), key, what });
    }

    fn name(&mut self, key: String, name: &str, longest: usize) {
        if name.trim().is_empty() || name.chars().count() > longest || name.chars().any(char::is_control) {
            self.add(key, Fault::Name(name.to_owned(), longest));
        }
    }

    fn code(&mut self, key: String, code: &str) {
        let shaped = !code.is_empty()
            && code.len() <= LONGEST_NAME
            && code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !shaped || code.parse::<u16>().is_ok() {
            self.add(key, Fault::Code(code.to_owned()));
        }
    }

    fn count(&mut self, key: &str, count: usize, most: usize) {
        if count > most {
            self.add(key, Fault::TooMany(most));
        }
    }

    /// What must not stand twice.
    fn once<'v, T: Ord + 'v>(&mut self, key: impl Fn(usize) -> String, values: impl IntoIterator<Item = T>) {
        let mut seen = BTreeSet::new();
        for (at, value) in values.into_iter().enumerate() {
            if !seen.insert(value) {
                self.add(key(at), Fault::Twice);
            }
        }
    }
}

/// Reads a file for the territory of a region.
pub fn read(text: &str, file: File, territory: u64) -> Reading {
    let mut faults = Faults { text, found: Vec::new() };
    for (at, name) in file.formats.iter().enumerate() {
        if Format::named(name).is_none() {
            faults.add(format!("formats[{at}]"), Fault::Format(name.clone()));
        }
    }
    let (of_acceptance, freshness): (Vec<_>, Vec<_>) =
        bounds(&file.freshness, &mut faults).into_iter().partition(|own| own.part == Knowledge::Acceptance);
    let known = kinds(&file.kinds, &mut faults);
    let forms = forms(&file, &mut faults);
    let attempts = file.attempts.as_ref().map(|attempts| {
        let seconds = attempts.within.seconds();
        if !(1..=1000).contains(&attempts.tries) || !(1..=86_400).contains(&seconds) {
            faults.add("attempts", Fault::Range("1 to 1000 tries, within 1s to 1d"));
        }
        Attempts { tries: attempts.tries, seconds: seconds.unsigned_abs() }
    });
    if file.grace.is_some_and(|grace| grace.seconds() > 86_400) {
        faults.add("grace", Fault::Range("a day at most"));
    }
    let plate_alone = file.formats.iter().any(|name| name == Format::Plate.as_str());
    let policy = Policy {
        territory,
        kinds: file.kinds.iter().enumerate().map(|(at, kind)| rule(at, kind, &mut faults)).collect(),
        fresh_for: file.freshness.fresh_for.seconds(),
        old_after: file.freshness.old_after.seconds(),
        freshness,
        forms,
        exemptions: exemptions(&file.exemptions, &mut faults),
        attempts,
        shift_required: file.shift.required,
        grace: file.grace.map(|grace| grace.seconds().unsigned_abs()),
        arrivals: file.arrivals.as_ref().map(|arrivals| self::arrivals(arrivals, &mut faults)),
        trips: purposes("trip", &file.trips, &mut faults),
        plates: plates(&file.plates, &mut faults),
        uses_old_after: file.freshness.uses_old_after.map(Span::seconds),
        plate_alone,
        acceptance: acceptance(&file, &mut faults),
        acceptance_freshness: of_acceptance.first().copied(),
        formats: file.formats,
    };
    Reading { policy, kinds: known, faults: faults.found }
}

/// What parts have bounds of their own. One that names only one of the two takes the other from all.
fn bounds(freshness: &file::Freshness, faults: &mut Faults<'_>) -> Vec<Bounds> {
    let mut ordered = |key: String, fresh_for: Span, old_after: Span| {
        if fresh_for > old_after {
            faults.add(key, Fault::Freshness);
        }
    };
    ordered("freshness.old_after".to_owned(), freshness.fresh_for, freshness.old_after);
    let own = Knowledge::ALL.into_iter().filter_map(|part| Some((part, own(freshness, part)?)));
    let bounds = own.map(|(part, own)| {
        let fresh_for = own.fresh_for.unwrap_or(freshness.fresh_for);
        let old_after = own.old_after.unwrap_or(freshness.old_after);
        ordered(format!("freshness.{}.old_after", part.as_str()), fresh_for, old_after);
        Bounds { part, fresh_for: fresh_for.seconds(), old_after: old_after.seconds() }
    });
    bounds.collect()
}

const fn own(freshness: &file::Freshness, part: Knowledge) -> Option<&Part> {
    match part {
        Knowledge::Keys => &freshness.keys,
        Knowledge::Status => &freshness.status,
        Knowledge::Policy => &freshness.policy,
        Knowledge::Ids => &freshness.ids,
        Knowledge::Rules => &freshness.rules,
        Knowledge::Register => &freshness.register,
        Knowledge::Orders => &freshness.orders,
        Knowledge::Acceptance => &freshness.acceptance,
    }
    .as_ref()
}

/// What HQ knows of kinds beyond what boxes need.
fn kinds(kinds: &[file::Kind], faults: &mut Faults<'_>) -> Vec<Known> {
    faults.count("kind", kinds.len(), MOST_KINDS);
    faults.once(|at| format!("kind[{at}].number"), kinds.iter().map(|kind| kind.number));
    faults.once(|at| format!("kind[{at}].code"), kinds.iter().map(|kind| &kind.code));
    let known =
        kinds.iter().map(|kind| Known { number: kind.number, code: kind.code.clone(), valid_for: kind.valid_for });
    known.collect()
}

fn rule(at: usize, kind: &file::Kind, faults: &mut Faults<'_>) -> KindRule {
    let key = |name: &str| format!("kind[{at}].{name}");
    faults.code(key("code"), &kind.code);
    faults.name(key("ru"), &kind.ru, LONGEST_NAME);
    faults.name(key("en"), &kind.en, LONGEST_NAME);
    if kind.valid_for.is_some_and(|span| !(1..=pass::mp1::LONGEST_VALIDITY).contains(&span.seconds())) {
        faults.add(key("valid_for"), Fault::Validity);
    }
    let ends = kind.valid_until.as_ref().and_then(|text| {
        let when = text.parse::<Timestamp>().map(Timestamp::as_second);
        when.map_err(|_| faults.add(key("valid_until"), Fault::When(text.clone()))).ok()
    });
    let limits = kind.limits.as_ref().map(|limits| self::limits(&key("limits"), limits, faults));
    if let Some(Err(bad)) = kind.condition.as_deref().map(Expected::parse) {
        faults.add(key("condition"), Fault::Condition(bad));
    }
    KindRule {
        kind: kind.number,
        ru: kind.ru.clone(),
        en: kind.en.clone(),
        admitted: kind.admitted,
        plate: match kind.plate {
            Plate::IfBound => PlateRule::IfBound,
            Plate::Required => PlateRule::Required,
            Plate::Ignored => PlateRule::Ignored,
        },
        compare_document: kind.compare_document,
        limits,
        condition: kind.condition.clone(),
        best_is_check: kind.best == Best::Check,
        ends,
    }
}

fn limits(key: &str, limits: &file::Limits, faults: &mut Faults<'_>) -> Limits {
    let &file::Limits { trips, within, per_day, minutes } = limits;
    const DAY: i64 = 86_400;
    let counted = [trips, per_day, minutes];
    let is_sound = counted.iter().flatten().all(|number| *number > 0)
        && counted.iter().any(Option::is_some)
        && minutes.is_none_or(|minutes| minutes <= 1440)
        && within.is_none_or(|span| {
            trips.is_some() && span.seconds() % DAY == 0 && (DAY..=366 * DAY).contains(&span.seconds())
        });
    if !is_sound {
        faults.add(key, Fault::Limits);
    }
    Limits { trips, days: within.map(|span| (span.seconds() / DAY).unsigned_abs()), per_day, minutes }
}

fn forms(file: &File, faults: &mut Faults<'_>) -> Forms {
    let check = |check: Check| match check {
        Check::None => registered::Check::None,
        Check::Luhn => registered::Check::Luhn,
        Check::Mod97 => registered::Check::Mod97,
    };
    let links = file.links.iter().map(|link| LinkForm {
        name: link.name.clone(),
        host: link.host.clone(),
        path: link.path.clone(),
        id: match link.id {
            Id::Uuid => IdShape::Uuid,
            Id::Digits(n) => IdShape::Digits { n },
            Id::Token { min, max } => IdShape::Token { min, max },
        },
        query: link.query,
        http: link.http,
    });
    let codes = file.codes.iter().map(|code| CodeForm {
        name: code.name.clone(),
        alphabet: code.alphabet.clone(),
        length: code.length,
        check: check(code.check),
        claims: match code.claims {
            Claims::None => registered::Claims::None,
            Claims::ExpiryDdMm => registered::Claims::ExpiryDdMm,
        },
    });
    let cards = file.cards.iter().map(|card| CardForm {
        name: card.name.clone(),
        digits: card.digits,
        check: check(card.check),
    });
    let forms = Forms { links: links.collect(), codes: codes.collect(), cards: cards.collect() };
    if let Err(bad) = forms.check() {
        let sorts = [
            ("link", forms.links.iter().map(|form| &form.name).collect::<Vec<_>>()),
            ("code", forms.codes.iter().map(|form| &form.name).collect()),
            ("card", forms.cards.iter().map(|form| &form.name).collect()),
        ];
        // Of two of one name the later is in the way.
        let places = sorts.iter().flat_map(|(sort, names)| {
            let named = names.iter().enumerate().filter(|(_, name)| ***name == bad.name);
            named.map(move |(at, _)| format!("{sort}[{at}]"))
        });
        faults.add(places.last().unwrap_or_default(), Fault::Form(bad));
    }
    forms
}

fn exemptions(exemptions: &[file::Exemption], faults: &mut Faults<'_>) -> Vec<Exemption> {
    faults.count("exemption", exemptions.len(), MOST_CHOICES);
    faults.once(|at| format!("exemption[{at}].code"), exemptions.iter().map(|exemption| &exemption.code));
    let read = exemptions.iter().enumerate().map(|(at, file::Exemption { code, ru, en })| {
        faults.code(format!("exemption[{at}].code"), code);
        faults.name(format!("exemption[{at}].ru"), ru, LONGEST_TEXT);
        faults.name(format!("exemption[{at}].en"), en, LONGEST_TEXT);
        Exemption { code: code.clone(), ru: ru.clone(), en: en.clone() }
    });
    read.collect()
}

fn purposes(key: &str, purposes: &[file::Purpose], faults: &mut Faults<'_>) -> Vec<Purpose> {
    faults.count(key, purposes.len(), MOST_CHOICES);
    faults.once(|at| format!("{key}[{at}].code"), purposes.iter().map(|purpose| &purpose.code));
    let read = purposes.iter().enumerate().map(|(at, file::Purpose { code, ru, en, valid_for })| {
        faults.code(format!("{key}[{at}].code"), code);
        faults.name(format!("{key}[{at}].ru"), ru, LONGEST_NAME);
        faults.name(format!("{key}[{at}].en"), en, LONGEST_NAME);
        if valid_for.is_some_and(|span| span.seconds() % 60 != 0 || !(60..=30 * 86_400).contains(&span.seconds())) {
            faults.add(format!("{key}[{at}].valid_for"), Fault::Range("whole minutes, up to 30d"));
        }
        let minutes = valid_for.map(|span| (span.seconds() / 60).unsigned_abs());
        Purpose { code: code.clone(), ru: ru.clone(), en: en.clone(), minutes }
    });
    read.collect()
}

fn arrivals(arrivals: &file::Arrivals, faults: &mut Faults<'_>) -> Arrivals {
    if !(1..=366).contains(&arrivals.days) {
        faults.add("arrivals.days", Fault::Range("1 to 366"));
    }
    if arrivals.purposes.is_empty() {
        faults.add("arrivals", Fault::Range("told at least one purpose"));
    }
    faults.count("arrivals.places", arrivals.places.len(), MOST_PLACES);
    faults.once(|at| format!("arrivals.places[{at}]"), &arrivals.places);
    for (at, place) in arrivals.places.iter().enumerate() {
        faults.name(format!("arrivals.places[{at}]"), place, LONGEST_NAME);
    }
    Arrivals {
        purposes: purposes("arrivals.purpose", &arrivals.purposes, faults),
        places: arrivals.places.clone(),
        days: arrivals.days,
    }
}

fn plates(plates: &[file::Plates], faults: &mut Faults<'_>) -> Vec<PlateTrust> {
    faults.once(|at| format!("plates[{at}].source"), plates.iter().map(|device| &device.source));
    let read = plates.iter().enumerate().map(|(at, device)| {
        if !SOURCES.contains(&device.source.as_str()) {
            faults.add(format!("plates[{at}].source"), Fault::Source(device.source.clone()));
        }
        if !(0.0..=1.0).contains(&device.least) {
            faults.add(format!("plates[{at}].least"), Fault::Confidence);
        }
        // Between 0 and 1000, or refused above.
        let least = (device.least * 1000.0).round() as u64;
        PlateTrust { source: device.source.clone(), least, may_agree: device.may_agree }
    });
    read.collect()
}

fn acceptance(file: &File, faults: &mut Faults<'_>) -> Vec<AcceptedBy> {
    let mut taken = BTreeSet::new();
    let mut read = Vec::new();
    for (at, file::Acceptance { country, kinds }) in file.acceptance.iter().enumerate() {
        if country.len() != 2 || !country.bytes().all(|c| c.is_ascii_uppercase()) {
            faults.add(format!("acceptance[{at}].country"), Fault::Country(country.clone()));
        }
        let mut numbers = Vec::new();
        for (place, code) in kinds.iter().enumerate() {
            let key = || format!("acceptance[{at}].kinds[{place}]");
            match file.kinds.iter().find(|kind| kind.code == *code).map(|kind| kind.number) {
                None => faults.add(key(), Fault::Kind(code.clone())),
                Some(number) if !CERTIFICATES.contains(&Kind(number)) || !taken.insert(number) => {
                    faults.add(key(), Fault::Acceptance(code.clone()));
                }
                Some(number) => numbers.push(number),
            }
        }
        read.push(AcceptedBy { country: country.clone(), kinds: numbers });
    }
    read
}
