//! The menu, as a pure state machine: which list is on the panel, and what a digit in it means.
//!
//! | list | digit | becomes |
//! |---|---|---|
//! | top | 1 exemptions, 2 override, 3 arrivals, 4 the last ten, 5 sign out, 6 trips | that list; *sign out* is done |
//! | exemptions, overrides | an entry | done: the lane closes the crossing by it |
//! | purposes of arrivals | an entry | places, or the house where there are none |
//! | places | an entry, or 9 for another one | the house, or the whole address |
//! | purposes of trips | an entry | the route |
//! | house, address, route | it is typed, *enter* | the statement, to be confirmed |
//! | statement | *yes* | done: the lane writes it down |
//! | any | 0 | the next page of it |
//! | any | *no*, *menu* | closed |
//!
//! What is not possible now (no shift, nothing to override, no arrivals in policy) stands in no list.

use panel::Override;
use verdict::{Policy, Purpose};

/// Entries of a page: the digits 1 to 8; 9 would stand alone on a keypad's last row.
pub const TOGETHER: usize = 8;

/// What is stated at the post.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Statement {
    /// Somebody arrives without a pass, and says where they will stay.
    #[default]
    Arrival,
    /// Somebody declares a trip.
    Trip,
}

/// What somebody states, as far as they have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// Which of the two.
    pub statement: Statement,
    /// What for.
    pub purpose: Option<Purpose>,
    /// Where, as policy names it.
    pub place: Option<String>,
    /// House and flat, the whole address, or the route, as typed.
    pub house: Option<String>,
}

/// A list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sheet {
    /// What there is.
    Top,
    /// Who needs no pass.
    Exemptions,
    /// Why a refusal is overridden.
    Overrides,
    /// The last crossings.
    Recent,
    /// What somebody has come for, or goes for.
    Purposes(Statement),
    /// Where to.
    Places(Draft),
    /// The house, the address or the route is being typed.
    House(Draft),
    /// All of it, to be confirmed.
    Stated(Draft),
}

/// What stands at the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Top {
    /// 1
    Exemptions,
    /// 2
    Overrides,
    /// 3
    Arrivals,
    /// 4
    Recent,
    /// 5
    SignOut,
    /// 6
    Trips,
}

impl Top {
    /// Every one there is. Each keeps its digit, whether it is possible now or not.
    pub const ALL: [Self; 6] =
        [Self::Exemptions, Self::Overrides, Self::Arrivals, Self::Recent, Self::SignOut, Self::Trips];

    /// The digit that names it.
    pub fn digit(self) -> u8 {
        Self::ALL.iter().position(|one| *one == self).map_or(0, |place| place as u8 + 1)
    }
}

/// What is possible now.
#[derive(Clone, Copy)]
pub struct Possible<'a> {
    /// The region's rules.
    pub policy: Option<&'a Policy>,
    /// Somebody is on duty.
    pub has_shift: bool,
    /// What is open is refused.
    pub is_refused: bool,
    /// There is something to look back at.
    pub has_recent: bool,
}

impl Possible<'_> {
    /// Whether an entry at the top leads anywhere.
    pub fn allows(&self, top: Top) -> bool {
        let policy = |has: fn(&Policy) -> bool| self.policy.is_some_and(has);
        match top {
            Top::Exemptions => self.has_shift && policy(|policy| !policy.exemptions.is_empty()),
            Top::Overrides => self.has_shift && self.is_refused,
            Top::Arrivals => policy(|policy| policy.arrivals.as_ref().is_some_and(|a| !a.purposes.is_empty())),
            Top::Trips => policy(|policy| !policy.trips.is_empty()),
            Top::Recent => self.has_recent,
            Top::SignOut => self.has_shift,
        }
    }
}

/// What the lane is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// Nothing: another list is on the panel, or the same.
    Nothing,
    /// Let pass by the exemption with this code.
    Exempt(String),
    /// Let pass against the verdict.
    Override(Override),
    /// End the shift.
    SignOut,
}

/// The menu while it is on the panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Menu {
    sheet: Sheet,
    page: usize,
}

impl Default for Menu {
    fn default() -> Self {
        Self::at(Sheet::Top)
    }
}

impl Menu {
    const fn at(sheet: Sheet) -> Self {
        Self { sheet, page: 0 }
    }

    /// The list on the panel.
    pub const fn sheet(&self) -> &Sheet {
        &self.sheet
    }

    /// Which page of it, from 0.
    pub const fn page(&self) -> usize {
        self.page
    }

    /// Entries of the list, where they are numbered.
    fn length(&self, possible: &Possible<'_>) -> usize {
        let policy = possible.policy;
        match &self.sheet {
            Sheet::Exemptions => policy.map_or(0, |policy| policy.exemptions.len()),
            Sheet::Overrides => Override::ALL.len(),
            Sheet::Purposes(statement) => purposes(policy, *statement).len(),
            Sheet::Places(_) => places(policy).len(),
            Sheet::Top | Sheet::Recent | Sheet::House(_) | Sheet::Stated(_) => 0,
        }
    }

    /// Pages of the list, at least one.
    pub fn pages(&self, possible: &Possible<'_>) -> usize {
        self.length(possible).div_ceil(TOGETHER).max(1)
    }

    /// A digit was pressed.
    pub fn digit(&mut self, digit: u8, possible: &Possible<'_>) -> Done {
        if digit == 0 {
            self.page = (self.page + 1) % self.pages(possible);
            return Done::Nothing;
        }
        let place = usize::from(digit - 1);
        let index = self.page * TOGETHER + place;
        let is_on_page = place < TOGETHER;
        match &self.sheet {
            Sheet::Top => {
                let Some(top) = Top::ALL.get(place).copied().filter(|top| possible.allows(*top)) else {
                    return Done::Nothing;
                };
                match top {
                    Top::Exemptions => *self = Self::at(Sheet::Exemptions),
                    Top::Overrides => *self = Self::at(Sheet::Overrides),
                    Top::Arrivals => *self = Self::at(Sheet::Purposes(Statement::Arrival)),
                    Top::Trips => *self = Self::at(Sheet::Purposes(Statement::Trip)),
                    Top::Recent => *self = Self::at(Sheet::Recent),
                    Top::SignOut => return Done::SignOut,
                }
            }
            Sheet::Exemptions if is_on_page => {
                let one = possible.policy.and_then(|policy| policy.exemptions.get(index));
                return one.map_or(Done::Nothing, |one| Done::Exempt(one.code.clone()));
            }
            Sheet::Overrides if is_on_page => {
                return Override::ALL.get(index).map_or(Done::Nothing, |why| Done::Override(*why));
            }
            Sheet::Purposes(statement) if is_on_page => {
                if let Some(purpose) = purposes(possible.policy, *statement).get(index) {
                    let statement = *statement;
                    let draft = Draft { statement, purpose: Some(purpose.clone()), ..Draft::default() };
                    let has_places = statement == Statement::Arrival && !places(possible.policy).is_empty();
                    *self = Self::at(if has_places { Sheet::Places(draft) } else { Sheet::House(draft) });
                }
            }
            Sheet::Places(draft) if is_on_page => {
                if let Some(place) = places(possible.policy).get(index) {
                    let draft = Draft { place: Some(place.clone()), ..draft.clone() };
                    *self = Self::at(Sheet::House(draft));
                }
            }
            // The place is none of those that are named.
            Sheet::Places(draft) => *self = Self::at(Sheet::House(draft.clone())),
            _ => {}
        }
        Done::Nothing
    }

    /// The house was typed.
    pub fn typed(&mut self, house: String) {
        if let Sheet::House(draft) = &self.sheet {
            *self = Self::at(Sheet::Stated(Draft { house: Some(house), ..draft.clone() }));
        }
    }
}

/// What somebody may come or go for.
pub fn purposes(policy: Option<&Policy>, statement: Statement) -> &[Purpose] {
    match statement {
        Statement::Arrival => policy.and_then(|policy| policy.arrivals.as_ref()).map_or(&[], |all| &all.purposes),
        Statement::Trip => policy.map_or(&[], |policy| &policy.trips),
    }
}

/// Places they may name.
pub fn places(policy: Option<&Policy>) -> &[String] {
    policy.and_then(|policy| policy.arrivals.as_ref()).map_or(&[], |arrivals| &arrivals.places)
}

#[cfg(test)]
mod tests {
    use verdict::{Arrivals, Exemption};

    use super::*;

    fn policy() -> Policy {
        let exemption = |n: usize| Exemption { code: format!("e{n}"), ru: String::new(), en: String::new() };
        let purpose = Purpose { code: "home".into(), ru: "Домой".into(), en: "Home".into(), minutes: None };
        Policy {
            exemptions: (1..=10).map(exemption).collect(),
            trips: vec![purpose.clone()],
            arrivals: Some(Arrivals { purposes: vec![purpose], places: vec!["Венёв".into()], days: 14 }),
            ..Policy::default()
        }
    }

    fn possible(policy: &Policy) -> Possible<'_> {
        Possible { policy: Some(policy), has_shift: true, is_refused: true, has_recent: true }
    }

    #[test]
    fn an_exemption_is_two_keys_away_and_on_the_second_page_three() {
        let policy = policy();
        let possible = possible(&policy);
        let mut menu = Menu::default();
        assert_eq!(menu.digit(1, &possible), Done::Nothing);
        assert_eq!((menu.sheet(), menu.pages(&possible)), (&Sheet::Exemptions, 2));
        assert_eq!(menu.digit(9, &possible), Done::Nothing);
        assert_eq!(menu.digit(3, &possible), Done::Exempt("e3".into()));
        menu.digit(0, &possible);
        assert_eq!(menu.digit(2, &possible), Done::Exempt("e10".into()));
        assert_eq!(menu.digit(3, &possible), Done::Nothing);
        menu.digit(0, &possible);
        assert_eq!(menu.page(), 0);
    }

    #[test]
    fn without_a_shift_nobody_overrides_or_exempts() {
        let policy = policy();
        let possible = Possible { has_shift: false, ..possible(&policy) };
        for digit in [1, 2, 5, 7, 9] {
            let mut menu = Menu::default();
            assert_eq!((menu.digit(digit, &possible), menu), (Done::Nothing, Menu::default()));
        }
        let mut menu = Menu::default();
        menu.digit(4, &possible);
        assert_eq!(menu.sheet(), &Sheet::Recent);
    }

    #[test]
    fn only_a_refusal_is_overridden() {
        let policy = policy();
        let mut menu = Menu::default();
        menu.digit(2, &Possible { is_refused: false, ..possible(&policy) });
        assert_eq!(menu, Menu::default());
        menu.digit(2, &possible(&policy));
        assert_eq!(menu.digit(1, &possible(&policy)), Done::Override(Override::Emergency));
    }

    #[test]
    fn an_arrival_is_asked_for_step_by_step() {
        let mut policy = policy();
        let mut menu = Menu::default();
        menu.digit(3, &possible(&policy));
        menu.digit(1, &possible(&policy));
        assert!(matches!(menu.sheet(), Sheet::Places(_)));
        menu.digit(1, &possible(&policy));
        menu.typed("12-3".into());
        let Sheet::Stated(draft) = menu.sheet() else { panic!("{menu:?}") };
        assert_eq!((draft.place.as_deref(), draft.house.as_deref()), (Some("Венёв"), Some("12-3")));
        // Another place than those that are named is typed with the house.
        let mut menu = Menu::default();
        for digit in [3, 1, 9] {
            menu.digit(digit, &possible(&policy));
        }
        assert!(matches!(menu.sheet(), Sheet::House(Draft { place: None, .. })));
        // A trip has a route and no place.
        let mut menu = Menu::default();
        for digit in [6, 1] {
            menu.digit(digit, &possible(&policy));
        }
        assert!(matches!(menu.sheet(), Sheet::House(Draft { statement: Statement::Trip, .. })));
        // Where policy names no places, all of the address is typed.
        policy.arrivals.as_mut().unwrap().places.clear();
        let mut menu = Menu::default();
        menu.digit(3, &possible(&policy));
        menu.digit(1, &possible(&policy));
        assert!(matches!(menu.sheet(), Sheet::House(_)));
    }
}
