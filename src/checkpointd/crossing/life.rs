//! How crossings open, change and close: what the camera, the devices, HQ and time do to them.

use super::{
    Action, Admitted, Duration, Entry, FromDevice, GAP, How, LINGER, LONGEST_READING, Lane, MENU_STAYS, Open, Outcome,
    Past, Presented, RECENT, REMEMBERED, Release, Seen, ServiceCard, State, WallTime, World, written,
};
use crate::judge::{Books, Circumstances, Judgement, judge, judge_plate};
use wire::entry::Closing;

impl Lane {
    pub(super) fn sighted(&mut self, presented: Presented, read_us: u32, world: &World<'_>, entries: &mut Vec<Entry>) {
        let Presented::Text(text, how) = &presented else { return self.open(presented, read_us, world, entries) };
        if ServiceCard::is_meant(text) {
            return self.shifts.present(text, world.mono, world.now);
        }
        if self.lacks_shift(world) {
            return self.shifts.remind(world.mono);
        }
        let since = |at: Duration| world.mono.saturating_sub(at);
        let another_car = self.plate.is_some();
        // What is typed is meant, whatever else is in view.
        let is_seen = *how == How::Camera;
        match &mut self.state {
            State::Open(open) if open.text() == text && (since(open.seen) < GAP || !another_car) => {
                open.seen = world.mono;
                return;
            }
            State::Open(open) if open.presented == Presented::Plate => {
                (open.presented, open.read_us, open.seen) = (presented, read_us, world.mono);
                self.keypad.clear();
                return self.judge_again(true, world, entries);
            }
            State::Open(open) if is_seen && open.text() != text && since(open.seen) < GAP && open.is_pass() => return,
            State::Closed { last, action, at } if last.text() == text => {
                last.seen = world.mono;
                if !action.lets_pass() || since(*at) < LINGER {
                    return;
                }
            }
            State::AdmittedBefore { again, .. } if again.text() == text => {
                again.seen = world.mono;
                return;
            }
            _ => {}
        }
        self.close(Action::NextPass, None, world, entries);
        self.open(presented, read_us, world, entries);
    }

    /// Whether nobody may be judged, as nobody is on duty.
    pub(super) fn lacks_shift(&self, world: &World<'_>) -> bool {
        self.shifts.on_duty().is_none() && world.policy().is_some_and(|policy| policy.shift_required)
    }

    fn admitted_within_grace(&self, text: &str, world: &World<'_>) -> Option<&Admitted> {
        let grace = world.policy().and_then(|policy| policy.grace).unwrap_or(self.settings.grace);
        let is_recent = |at: Duration| world.mono.saturating_sub(at) < Duration::from_secs(grace);
        self.admitted.iter().rev().find(|a| a.text == text && is_recent(a.mono))
    }

    fn open(&mut self, presented: Presented, read_us: u32, world: &World<'_>, entries: &mut Vec<Entry>) {
        // What was half typed, or looked for in the menu, was about somebody else.
        self.keypad.clear();
        self.menu = None;
        let open = self.begin(presented, read_us, world);
        // What was revoked since, or comes on another car, is judged like any other.
        let before = Some(open.text()).filter(|text| !text.is_empty());
        self.state = match before.and_then(|text| self.admitted_within_grace(text, world)).map(|a| a.at) {
            Some(admitted) if !open.is_refused() => State::AdmittedBefore { again: open, admitted },
            _ => {
                entries.push(self.entry(&open, world));
                State::Open(open)
            }
        };
    }

    /// A new crossing, judged and not yet written.
    pub(super) fn begin(&mut self, presented: Presented, read_us: u32, world: &World<'_>) -> Box<Open> {
        let memory = Duration::from_secs(self.settings.plate_memory);
        let plate = self.plate.take().filter(|(_, at)| world.mono.saturating_sub(*at) < memory).map(|(seen, _)| seen);
        let id = (self.draw_id)();
        let before = match &presented {
            Presented::Text(text, _) => self.admitted_within_grace(text, world).map(|admitted| admitted.crossing),
            _ => None,
        };
        let judgement = judged(&presented, plate.as_ref(), (id, before), &self.books, world);
        Box::new(Open {
            id,
            presented,
            judgement,
            plate,
            before,
            read_us,
            seen: world.mono,
            judged: world.mono,
            shown: None,
        })
    }

    /// A device sees every car: this one again and again, and the next one while this one's crossing is open.
    pub(super) fn plate_read(&mut self, read: FromDevice, world: &World<'_>, entries: &mut Vec<Entry>) {
        if read.is_repeat {
            // It stands there still; but whose pass was judged meanwhile is not the next one's.
            if let Some((waiting, at)) = &mut self.plate
                && waiting.reading == read.reading
            {
                *at = world.mono;
            }
            return;
        }
        let seen = Seen::read(read, world.policy());
        // Whatever such a device has read, it is no plate.
        if seen.reading.raw().len() > LONGEST_READING {
            return;
        }
        let here = match &self.state {
            State::Open(open) | State::AdmittedBefore { again: open, .. } => Some(open),
            // Who was let pass is on the way out; who was turned back may have a better pass.
            State::Closed { last, action, .. } if action.lets_pass() => Some(last),
            State::Closed { .. } | State::Idle => None,
        };
        let known = here.and_then(|open| open.plate.as_ref());
        if known.is_some_and(|known| known.reading.folded() == seen.reading.folded()) {
            return;
        }
        match &self.state {
            State::Open(open) if open.plate.is_some() || world.mono.saturating_sub(open.seen) >= LINGER => {
                self.plate = Some((seen, world.mono));
            }
            _ => self.plate_seen(seen, world, entries),
        }
    }

    pub(super) fn plate_seen(&mut self, seen: Seen, world: &World<'_>, entries: &mut Vec<Entry>) {
        let (State::Open(open) | State::AdmittedBefore { again: open, .. }) = &mut self.state else {
            self.plate = Some((seen, world.mono));
            return;
        };
        let is_new = open.plate.as_ref() != Some(&seen);
        open.plate = Some(seen);
        self.judge_again(is_new, world, entries);
    }

    /// Judges what is here once more: a fact has come, or HQ has spoken.
    fn judge_again(&mut self, write: bool, world: &World<'_>, entries: &mut Vec<Entry>) {
        let books = &self.books;
        let again = |open: &mut Open| {
            let judgement = judged(&open.presented, open.plate.as_ref(), (open.id, open.before), books, world);
            let changed = judgement.verdict != open.judgement.verdict;
            open.judgement = judgement;
            if changed {
                (open.judged, open.shown) = (world.mono, None);
            }
            changed
        };
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Open(mut open) => {
                if again(&mut open) || write {
                    entries.push(self.entry(&open, world));
                }
                self.state = State::Open(open);
            }
            State::AdmittedBefore { again: mut open, admitted } => {
                again(&mut open);
                self.state = if open.is_refused() {
                    entries.push(self.entry(&open, world));
                    State::Open(open)
                } else {
                    State::AdmittedBefore { again: open, admitted }
                };
            }
            other => self.state = other,
        }
    }

    /// Closes what is open; the state says how when an officer did it.
    pub(super) fn close(&mut self, action: Action, why: Option<String>, world: &World<'_>, entries: &mut Vec<Entry>) {
        let State::Open(open) = std::mem::replace(&mut self.state, State::Idle) else { return };
        let shift = self.shifts.on_duty().map(str::to_owned);
        entries.push(Entry::Closing(Closing { why, shift, ..Closing::new(open.id, world.now, action) }));
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(past(&open, action, world.now));
        if action == Action::Passed {
            if self.admitted.len() == REMEMBERED {
                self.admitted.pop_front();
            }
            let (text, crossing) = (open.text().to_owned(), open.before.unwrap_or(open.id));
            self.admitted.push_back(Admitted { text, crossing, at: world.now, mono: world.mono });
        }
        if action.lets_pass() || action == Action::TurnedBack {
            self.state = State::Closed { last: open, action, at: world.mono };
        }
    }

    pub(super) fn turn(&mut self, world: &World<'_>, entries: &mut Vec<Entry>) {
        let since = |seen: Duration| world.mono.saturating_sub(seen);
        if let Some(entry) = self.shifts.turn(world.mono, world.now) {
            entries.push(entry);
            self.forget();
        }
        if self.menu.as_ref().is_some_and(|(_, used)| since(*used) >= MENU_STAYS) {
            self.menu = None;
            self.keypad.clear();
        }
        match &self.state {
            State::Open(open)
                if since(open.seen) >= Duration::from_secs(self.settings.absence)
                    // What never came to be shown, as the journal did not take it, is not shown to the next car.
                    || open.shown.is_none() && since(open.seen.max(open.judged)) >= LINGER =>
            {
                self.close(Action::Absence, None, world, entries);
            }
            State::Open(open) | State::AdmittedBefore { again: open, .. }
                if world.release.map_or(0, Release::sequence) != open.judgement.release =>
            {
                self.judge_again(false, world, entries);
            }
            State::Closed { last, at, .. } if since(last.seen.max(*at)) >= LINGER => self.state = State::Idle,
            State::AdmittedBefore { again, .. } if since(again.seen) >= LINGER => self.state = State::Idle,
            _ => {}
        }
    }

    /// What a shift has seen is nobody else's to look back at.
    pub(super) fn forget(&mut self) {
        self.recent.clear();
        self.menu = None;
    }

    pub(super) fn entry(&self, open: &Open, world: &World<'_>) -> Entry {
        written::crossing(open, self.settings.number, self.shifts.on_duty(), world.now)
    }
}

fn judged(
    presented: &Presented,
    plate: Option<&Seen>,
    (crossing, before): ([u8; 8], Option<[u8; 8]>),
    books: &Books,
    world: &World<'_>,
) -> Judgement {
    let around = Circumstances {
        plate: plate.map(|seen| &seen.reading),
        plate_source: plate.map_or(verdict::PlateSource::Officer, |seen| seen.source),
        books: Some(books),
        crossing: before.unwrap_or(crossing),
        mono: world.mono,
        ..Circumstances::new(world.release, world.now)
    };
    let mut judgement = match (presented, plate) {
        (Presented::Text(text, _), _) => judge(text, around),
        (Presented::Plate, Some(seen)) => judge_plate(&seen.reading, around),
        (Presented::Plate | Presented::Nothing, _) => Judgement::without_a_pass(world.release, world.now),
    };
    // The use of who was let pass a moment ago is reserved already.
    judgement.reserves = judgement.reserves.filter(|_| before.is_none());
    judgement
}

fn past(open: &Open, action: Action, at: WallTime) -> Past {
    let document = open.judgement.document.as_ref();
    let bound = || document.and_then(|document| document.plates.first()).map(|plate| plate.as_str().to_owned());
    Past {
        at,
        kind: document.map(|document| document.kind.number()),
        plate: open.plate.as_ref().map(|seen| seen.reading.folded().to_owned()).or_else(bound),
        outcome: (open.presented != Presented::Nothing).then_some::<Outcome>(open.judgement.verdict.outcome),
        action,
    }
}
