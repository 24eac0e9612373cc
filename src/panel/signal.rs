//! The one tone that goes with a change.

use board::Tone;
use verdict::Outcome;

use crate::desk::SignIn;
use crate::enrol::Enrol;
use crate::view::{Card, Screen, View};

/// The tone that goes with the change from the view before, if there was one, to this one: none when the
/// officer has nothing new to hear.
pub fn tone(before: Option<&View>, now: &View) -> Option<Tone> {
    let was = before.map(|view| &view.screen);
    let screen = match (&now.screen, was) {
        // A reading that arrives while the verdict stands changes the picture, not the verdict.
        (Screen::Verdict(card), Some(Screen::Verdict(old))) if same_verdict(card, old) => None,
        (Screen::Verdict(card), _) => Some(match card.outcome {
            Outcome::Admit => Tone::One,
            Outcome::Check => Tone::Two,
            Outcome::Refuse => Tone::Long,
        }),
        (now, Some(was)) if now == was => None,
        (Screen::AdmittedBefore { .. }, _) => Some(Tone::Two),
        (Screen::Fault(_), _) => Some(Tone::Fault),
        // A count that rises is no news.
        (Screen::Stick(stick), was)
            if !stick.is_well() && !matches!(was, Some(Screen::Stick(old)) if !old.is_well()) =>
        {
            Some(Tone::Fault)
        }
        (Screen::Stick(_), _) => None,
        (Screen::Run(run), was) if !run.is_well() && !matches!(was, Some(Screen::Run(old)) if !old.is_well()) => {
            Some(Tone::Fault)
        }
        (Screen::Run(_), _) => None,
        (Screen::Enrol(Enrol::Accepted { .. }), _) => Some(Tone::One),
        (Screen::Enrol(Enrol::Refused(_)), _) => Some(Tone::Fault),
        (Screen::Enrol(_), _) => None,
        (Screen::SignIn(SignIn::Refused(_)), Some(Screen::SignIn(SignIn::Refused(_)))) => None,
        (Screen::SignIn(SignIn::Refused(_)), _) => Some(Tone::Fault),
        (Screen::SignIn(SignIn::Pin { wrong: true, .. }), Some(Screen::SignIn(SignIn::Pin { wrong: false, .. }))) => {
            Some(Tone::Fault)
        }
        (Screen::SignIn(SignIn::Card), was) if !matches!(was, Some(Screen::SignIn(SignIn::Card))) => Some(Tone::Two),
        (Screen::SignIn(_), _) => None,
        // Nobody has to hear what they have just pressed.
        (
            Screen::Idle
            | Screen::Hint(_)
            | Screen::Closed { .. }
            | Screen::Menu(_)
            | Screen::Recent(_)
            | Screen::Arrival(_),
            _,
        ) => None,
    };
    let journal_began_to_fail = now.bar.journal_fails && !before.is_some_and(|view| view.bar.journal_fails);
    screen.or(journal_began_to_fail.then_some(Tone::Fault))
}

fn same_verdict(a: &Card, b: &Card) -> bool {
    let Card {
        outcome,
        reasons,
        kind,
        issuer,
        plates,
        plate_seen: _,
        holder,
        birth,
        id_digits,
        ends,
        presented,
        claimed_until,
        route,
        minutes,
        by_feed: _,
        list_age_minutes: _,
    } = a;
    *outcome == b.outcome
        && *reasons == b.reasons
        && *kind == b.kind
        && *issuer == b.issuer
        && *plates == b.plates
        && *holder == b.holder
        && *birth == b.birth
        && *id_digits == b.id_digits
        && *ends == b.ends
        && *presented == b.presented
        && *claimed_until == b.claimed_until
        && *route == b.route
        && *minutes == b.minutes
}

#[cfg(test)]
mod tests {
    use board::Light;
    use verdict::Reason;

    use super::*;
    use crate::driver;
    use crate::sample::{card, typed, view};
    use crate::view::{Fault, Language, Run, Stick};

    fn verdict(reasons: &[Reason]) -> View {
        view(Language::Ru, Screen::Verdict(card(reasons)))
    }

    #[test]
    fn each_outcome_has_its_own_tone() {
        let idle = view(Language::Ru, Screen::Idle);
        assert_eq!(tone(Some(&idle), &verdict(&[])), Some(Tone::One));
        assert_eq!(tone(Some(&idle), &verdict(&[Reason::ComparePlate])), Some(Tone::Two));
        assert_eq!(tone(Some(&idle), &verdict(&[Reason::Forged])), Some(Tone::Long));
        assert_eq!(tone(None, &view(Language::Ru, Screen::Fault(Fault::Camera))), Some(Tone::Fault));
    }

    #[test]
    fn what_does_not_concern_the_verdict_is_silent() {
        let before = verdict(&[Reason::ComparePlate]);
        let mut now = before.clone();
        now.typed = Some(typed("7"));
        now.language = Language::En;
        now.bar.queue += 1;
        assert_eq!(tone(Some(&before), &now), None);
        if let Screen::Verdict(card) = &mut now.screen {
            card.plate_seen = Some("A123BC77".into());
        }
        assert_eq!(tone(Some(&before), &now), None);
    }

    #[test]
    fn another_pass_with_the_same_verdict_is_heard() {
        let (before, mut now) = (verdict(&[Reason::ComparePlate]), verdict(&[Reason::ComparePlate]));
        if let Screen::Verdict(card) = &mut now.screen {
            card.plates = vec!["B777OP77".into()];
        }
        assert_eq!(tone(Some(&before), &now), Some(Tone::Two));
    }

    #[test]
    fn the_officers_own_key_makes_no_tone() {
        let closed = view(Language::Ru, Screen::Closed { passed: true, card: card(&[]) });
        assert_eq!(tone(Some(&verdict(&[])), &closed), None);
        assert_eq!(tone(Some(&closed), &view(Language::Ru, Screen::Idle)), None);
    }

    #[test]
    fn nobody_drives_on_green_while_the_journal_fails() {
        let mut closed = view(Language::Ru, Screen::Closed { passed: true, card: card(&[]) });
        assert_eq!(driver(&closed).light(), Light::Green);
        closed.bar.journal_fails = true;
        assert_eq!(driver(&closed).light(), Light::Amber);
    }

    #[test]
    fn a_journal_that_begins_to_fail_is_heard_once() {
        let (sound, mut failing) = (verdict(&[]), verdict(&[]));
        failing.bar.journal_fails = true;
        assert_eq!(tone(Some(&sound), &failing), Some(Tone::Fault));
        assert_eq!(tone(Some(&failing), &failing), None);
    }

    #[test]
    fn a_stick_is_heard_once_and_only_when_something_is_wrong_with_it() {
        let stick = |stick| view(Language::Ru, Screen::Stick(stick));
        let reading = |done| stick(Stick::Reading { done, total: 3 });
        let (reading, further) = (reading(1), reading(2));
        assert_eq!(tone(Some(&view(Language::Ru, Screen::Idle)), &reading), None);
        assert_eq!(tone(Some(&reading), &further), None);
        assert_eq!(tone(Some(&further), &stick(Stick::Adopted { sequence: 2 })), None);
        assert_eq!(tone(Some(&further), &stick(Stick::NotSigned)), Some(Tone::Fault));
        assert_eq!(tone(Some(&stick(Stick::NotSigned)), &stick(Stick::NotSigned)), None);
        assert_eq!(driver(&further).light(), Light::Off);
    }

    #[test]
    fn an_update_from_a_phone_is_heard_once_and_only_when_something_is_wrong_with_it() {
        let run = |run| view(Language::Ru, Screen::Run(run));
        let (some, more) = (run(Run::Receiving { percent: 1 }), run(Run::Receiving { percent: 2 }));
        assert_eq!(tone(Some(&some), &more), None);
        assert_eq!(tone(Some(&more), &run(Run::Adopted { sequence: 2 })), None);
        assert_eq!(tone(Some(&more), &run(Run::NotSigned)), Some(Tone::Fault));
        assert_eq!(tone(Some(&run(Run::NotSigned)), &run(Run::NotSigned)), None);
        assert_eq!(driver(&more).light(), Light::Off);
    }

    #[test]
    fn the_driver_sees_green_only_when_the_officer_has_let_the_car_pass() {
        let light = |screen| driver(&view(Language::Ru, screen)).light();
        assert_eq!(light(Screen::Idle), Light::Off);
        assert_eq!(light(Screen::Verdict(card(&[]))), Light::Amber);
        assert_eq!(light(Screen::Verdict(card(&[Reason::Expired]))), Light::Red);
        assert_eq!(light(Screen::Closed { passed: true, card: card(&[]) }), Light::Green);
        assert_eq!(light(Screen::Closed { passed: false, card: card(&[]) }), Light::Red);
    }
}
