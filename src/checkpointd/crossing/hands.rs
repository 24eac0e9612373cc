//! What the officer's keys do: type, decide, and go through the menu.

use super::{Action, Duration, Entry, GLANCE, How, Key, Lane, Menu, Presented, Seen, State, World};
use crate::keypad::{Groups, Meant, may_be_plate, meant};
use crate::menu::{Done, Draft, Sheet, Statement};
use wire::entry::Arrival;

/// What stands in the journal where a statement let a vehicle pass.
const fn why(statement: Statement) -> &'static str {
    match statement {
        Statement::Arrival => "arrival",
        Statement::Trip => "trip",
    }
}

impl Lane {
    pub(super) fn key(&mut self, key: Key, pressed: Duration, world: &World<'_>, entries: &mut Vec<Entry>) {
        match key {
            Key::Language => self.language = self.language.next(),
            _ if self.shifts.wants_keys() => self.pin_key(key, world, entries),
            _ if self.menu.is_some() => self.menu_key(key, world, entries),
            Key::Digit(digit @ 0..=9) => self.keypad.digit(digit, &self.groups(world)),
            Key::Digit(_) => {}
            Key::Letter(letter) => self.keypad.letter(letter),
            Key::Backspace => self.keypad.back(),
            // With nothing typed letters are chosen first, as most plates begin with one; then there is the menu.
            Key::Menu if self.keypad.text().is_empty() && self.keypad.letters().is_some() => {
                self.keypad.clear();
                self.menu = Some((Menu::default(), world.mono));
            }
            Key::Menu => self.keypad.change(),
            Key::No if !self.keypad.is_at_rest() => self.keypad.clear(),
            Key::Yes | Key::Enter if !self.keypad.text().is_empty() => self.typed(world, entries),
            Key::Yes | Key::Enter if !self.keypad.is_at_rest() => self.keypad.clear(),
            Key::Yes | Key::Enter => self.decide(Action::Passed, pressed, world, entries),
            Key::No => self.decide(Action::TurnedBack, pressed, world, entries),
        }
    }

    /// The letters that can be typed now.
    pub fn groups(&self, world: &World<'_>) -> Groups {
        match self.menu().map(Menu::sheet) {
            Some(Sheet::House(_)) => Groups::words(),
            _ => Groups::new(world.policy().map(|policy| &policy.forms)),
        }
    }

    /// What was typed ends: a plate, or a code or card that is judged as if it had been seen.
    fn typed(&mut self, world: &World<'_>, entries: &mut Vec<Entry>) {
        let text = self.keypad.take();
        let forms = world.policy().map(|policy| &policy.forms);
        let is_plate = match meant(&text, forms) {
            Meant::Plate => true,
            Meant::Code(_) | Meant::Card(_) => false,
            Meant::Unknown => may_be_plate(&text, forms),
        };
        if !is_plate {
            return self.sighted(Presented::Text(text, How::Typed), 0, world, entries);
        }
        self.plate_seen(Seen::typed(&text), world, entries);
        let plate_alone = world.policy().is_some_and(|policy| policy.plate_alone);
        if plate_alone && !matches!(self.state, State::Open(_) | State::AdmittedBefore { .. }) {
            if self.lacks_shift(world) {
                return self.shifts.remind(world.mono);
            }
            self.sighted(Presented::Plate, 0, world, entries);
        }
    }

    /// The officer decides about what has stood on the panel long enough to be seen.
    fn decide(&mut self, action: Action, pressed: Duration, world: &World<'_>, entries: &mut Vec<Entry>) {
        let (State::Open(open) | State::AdmittedBefore { again: open, .. }) = &self.state else { return };
        let was_seen = open.shown.is_some_and(|shown| pressed >= shown + GLANCE);
        if !was_seen || action == Action::Passed && open.is_refused() {
            return;
        }
        self.make_open(world, entries);
        self.close(action, None, world, entries);
    }

    /// What the officer speaks of is a crossing from now on: a pass shown again, or a vehicle without one.
    fn make_open(&mut self, world: &World<'_>, entries: &mut Vec<Entry>) {
        let open = match std::mem::replace(&mut self.state, State::Idle) {
            State::Open(open) => {
                self.state = State::Open(open);
                return;
            }
            State::AdmittedBefore { again, .. } => again,
            State::Idle | State::Closed { .. } => self.begin(Presented::Nothing, 0, world),
        };
        entries.push(self.entry(&open, world));
        self.state = State::Open(open);
    }

    fn pin_key(&mut self, key: Key, world: &World<'_>, entries: &mut Vec<Entry>) {
        match key {
            Key::Digit(digit) => self.shifts.digit(digit, world.mono),
            Key::Backspace => self.shifts.back(world.mono),
            Key::No => self.shifts.cancel(),
            Key::Yes | Key::Enter => {
                let before = self.shifts.on_duty().map(str::to_owned);
                entries.extend(self.shifts.enter(world.mono, world.now));
                if self.shifts.on_duty() != before.as_deref() {
                    self.forget();
                }
            }
            Key::Letter(_) | Key::Menu | Key::Language => {}
        }
    }

    fn menu_key(&mut self, key: Key, world: &World<'_>, entries: &mut Vec<Entry>) {
        let possible = self.possible(world);
        let Some((menu, used)) = &mut self.menu else { return };
        *used = world.mono;
        let types = matches!(menu.sheet(), Sheet::House(_));
        match key {
            Key::No if types && !self.keypad.is_at_rest() => self.keypad.clear(),
            Key::No => self.leave_menu(),
            Key::Digit(digit) if types => self.keypad.digit(digit, &Groups::words()),
            Key::Letter(letter) if types => self.keypad.letter(letter),
            Key::Backspace if types => self.keypad.back(),
            Key::Menu if types => self.keypad.change(),
            Key::Yes | Key::Enter if types => {
                if !self.keypad.text().is_empty() {
                    menu.typed(self.keypad.take());
                }
            }
            Key::Menu => self.leave_menu(),
            Key::Digit(digit) => {
                let done = menu.digit(digit, &possible);
                self.done(done, world, entries);
            }
            Key::Yes | Key::Enter => {
                if let Sheet::Stated(draft) = menu.sheet() {
                    let draft = draft.clone();
                    self.stated(draft, world, entries);
                }
            }
            Key::Letter(_) | Key::Backspace | Key::Language => {}
        }
    }

    fn leave_menu(&mut self) {
        self.menu = None;
        self.keypad.clear();
    }

    fn done(&mut self, done: Done, world: &World<'_>, entries: &mut Vec<Entry>) {
        let (action, why) = match done {
            Done::Nothing => return,
            Done::SignOut => {
                entries.extend(self.shifts.sign_out(world.now));
                return self.forget();
            }
            Done::Exempt(code) => (Action::Exempted, code),
            Done::Override(why) => (Action::Overridden, why.code().to_owned()),
        };
        self.leave_menu();
        self.make_open(world, entries);
        self.close(action, Some(why), world, entries);
    }

    /// What somebody without a pass has stated is written down, and they may go on.
    fn stated(&mut self, draft: Draft, world: &World<'_>, entries: &mut Vec<Entry>) {
        let Draft { statement, purpose: Some(purpose), place, house: Some(house) } = draft else { return };
        let arrivals = world.policy().and_then(|policy| policy.arrivals.as_ref());
        let days = arrivals.filter(|_| statement == Statement::Arrival).map_or(0, |arrivals| arrivals.days);
        let minutes = purpose.minutes.filter(|_| statement == Statement::Trip);
        self.leave_menu();
        self.make_open(world, entries);
        let State::Open(open) = &self.state else { return };
        entries.push(Entry::Arrival(Arrival {
            id: open.id,
            at: world.now,
            plate: open.plate.as_ref().map(|seen| seen.reading.folded().to_owned()),
            purpose: purpose.code,
            settlement: place.unwrap_or_default(),
            house,
            days: u16::try_from(days).unwrap_or(u16::MAX),
            minutes: minutes.map(|minutes| u32::try_from(minutes).unwrap_or(u32::MAX)),
            shift: self.shifts.on_duty().map(str::to_owned),
        }));
        self.close(Action::Exempted, Some(why(statement).to_owned()), world, entries);
    }
}
