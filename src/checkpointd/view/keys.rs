//! What the officer's keys have brought onto the panel: what is typed, the menu, the shift.

use panel::{Arrival, CardFault, Choice, Letters, Meant, Menu, Names, Screen, SignIn, Stay, Title, Typed};
use trust::service::Fault;
use verdict::Purpose;

use super::Around;
use crate::crossing::{Lane, World};
use crate::keypad::{self, may_be_plate, meant};
use crate::menu::{self, Draft, Sheet, Statement, TOGETHER, Top};
use crate::shift::Asks;

impl Around<'_> {
    /// What stands over the lane's own state, if anything.
    pub(super) fn by_hand(&self, lane: &Lane, world: &World<'_>) -> Option<Screen> {
        if let Some(asks) = lane.shifts().asks(world.mono) {
            return Some(Screen::SignIn(sign_in(asks)));
        }
        let menu = lane.menu()?;
        let possible = lane.possible(world);
        let policy = world.policy();
        let page = |all: Vec<Choice>| {
            let shown = all.into_iter().skip(menu.page() * TOGETHER).take(TOGETHER);
            (1u8..).zip(shown).collect::<Vec<_>>()
        };
        let list = |title, choices| {
            let page = (menu.page() + 1, menu.pages(&possible));
            Screen::Menu(Menu { title, choices, page, shift: lane.shifts().on_duty().map(str::to_owned) })
        };
        let plain = |name: &String| Choice::Named(Names { ru: name.clone(), en: name.clone() });
        Some(match menu.sheet() {
            Sheet::Top => {
                let allowed = Top::ALL.into_iter().filter(|top| possible.allows(*top));
                list(Title::Menu, allowed.map(|top| (top.digit(), top_choice(top))).collect())
            }
            Sheet::Exemptions => {
                let all = policy.map_or(&[][..], |policy| &policy.exemptions);
                let named = |ru: &str, en: &str| Choice::Named(Names { ru: ru.to_owned(), en: en.to_owned() });
                list(Title::Exemptions, page(all.iter().map(|one| named(&one.ru, &one.en)).collect()))
            }
            Sheet::Overrides => list(Title::Overrides, page(panel::Override::ALL.map(Choice::Override).to_vec())),
            Sheet::Recent => Screen::Recent(lane.recent().map(|past| self.past(past)).collect()),
            Sheet::Purposes(statement) => {
                let all = menu::purposes(policy, *statement).iter().map(|purpose| Choice::Named(names(purpose)));
                let title = if *statement == Statement::Trip { Title::Trips } else { Title::Purposes };
                list(title, page(all.collect()))
            }
            Sheet::Places(_) => {
                let mut choices = page(menu::places(policy).iter().map(plain).collect());
                choices.push((9, Choice::OtherPlace));
                list(Title::Places, choices)
            }
            Sheet::House(draft) | Sheet::Stated(draft) => stated(lane, draft, world)?,
        })
    }
}

const fn top_choice(top: Top) -> Choice {
    match top {
        Top::Exemptions => Choice::Exemptions,
        Top::Overrides => Choice::Overrides,
        Top::Arrivals => Choice::Arrivals,
        Top::Recent => Choice::Recent,
        Top::SignOut => Choice::SignOut,
        Top::Trips => Choice::Trips,
    }
}

fn stated(lane: &Lane, draft: &Draft, world: &World<'_>) -> Option<Screen> {
    let purpose = draft.purpose.as_ref()?;
    let span = match draft.statement {
        Statement::Arrival => Stay::Days(world.policy()?.arrivals.as_ref()?.days),
        Statement::Trip => Stay::Minutes(purpose.minutes),
    };
    Some(Screen::Arrival(Arrival {
        purpose: names(purpose),
        place: draft.place.clone(),
        house: draft.house.clone(),
        plate: lane.plate().map(|seen| seen.reading.folded().to_owned()),
        span,
    }))
}

fn names(purpose: &Purpose) -> Names {
    Names { ru: purpose.ru.clone(), en: purpose.en.clone() }
}

fn sign_in(asks: Asks) -> SignIn {
    match asks {
        Asks::Card => SignIn::Card,
        Asks::Pin { pseudonym, typed, wrong, wait } => SignIn::Pin { pseudonym, typed, wrong, wait },
        Asks::OtherCard(fault) => SignIn::Refused(match fault {
            Fault::NotSigned => CardFault::NotSigned,
            Fault::OtherRegion => CardFault::OtherRegion,
            Fault::NotNow => CardFault::NotNow,
            _ => CardFault::Unreadable,
        }),
    }
}

/// What is being typed, in groups, with what it is taken for and the letters there are.
pub(super) fn typed(lane: &Lane, world: &World<'_>) -> Option<Typed> {
    let keypad = lane.keypad();
    let house = lane.menu().is_some_and(|menu| matches!(menu.sheet(), Sheet::House(_)));
    if keypad.is_at_rest() && !house {
        return None;
    }
    let text = keypad.text();
    let forms = world.policy().map(|policy| &policy.forms);
    let meant = match meant(text, forms) {
        _ if house => Meant::Address,
        keypad::Meant::Plate => Meant::Plate,
        keypad::Meant::Code(_) => Meant::Code,
        keypad::Meant::Card(_) => Meant::Card,
        keypad::Meant::Unknown => Meant::Unknown,
    };
    let looks_like_plate = meant == Meant::Plate || meant == Meant::Unknown && may_be_plate(text, None) && begins(text);
    let grouped = if house { text.to_owned() } else { grouped(text, looks_like_plate) };
    let letters = keypad.letters().map(|letters| {
        let groups = lane.groups(world);
        let owned = |(digit, letters): (u8, &str)| (digit, letters.to_owned());
        let one_by_one = |letters: &str| (1..).zip(letters.chars().map(String::from)).collect();
        let named = letters.group.and_then(|digit| groups.of(digit));
        Letters {
            choices: named.map_or_else(|| groups.all().map(owned).collect(), one_by_one),
            named: named.is_some(),
            then_menu: text.is_empty() && !house,
        }
    });
    Some(Typed { text: grouped, meant, letters })
}

/// Whether a text may become a plate: most begin with a letter, and none of those that begin with five digits.
fn begins(text: &str) -> bool {
    text.chars().next().is_some_and(char::is_alphabetic) && text.chars().count() <= 9
}

/// A typed text as it is printed: a plate where digits and letters change, anything longer in fours.
fn grouped(text: &str, is_plate: bool) -> String {
    let signs: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(signs.len() * 2);
    for (at, sign) in signs.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| signs[before]);
        if is_plate && before.is_some_and(|before| before.is_ascii_digit() != sign.is_ascii_digit()) {
            out.push(' ');
        } else if !is_plate && at > 0 && at % 4 == 0 && signs.len() > 6 {
            out.push('-');
        }
        out.push(*sign);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_stands_as_it_is_printed() {
        assert_eq!(grouped("1104T123MO11K123", false), "1104-T123-MO11-K123");
        assert_eq!(grouped("A123BC77", true), "A 123 BC 77");
        assert_eq!(grouped("12345", false), "12345");
        assert_eq!(grouped("9643907712345678903", false), "9643-9077-1234-5678-903");
        assert_eq!(grouped("", true), "");
    }
}
