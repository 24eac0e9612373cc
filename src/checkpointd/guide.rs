//! What the panel says of a code that cannot be read: the hint that has stood long enough, so that words do not
//! flicker while a phone comes near.

use std::time::Duration;

use reader::Hint;

/// How long a trouble must stand before it is spoken of, and before it takes the place of another.
const STANDS: Duration = Duration::from_millis(300);

/// The same where no cause is known: one that is may still be found.
const UNKNOWN_STANDS: Duration = Duration::from_millis(900);

/// In how many looks at least: a busy box has few of them in that time, and one look may err.
const LOOKS: usize = 3;

/// How long a hint is spoken of after its cause was last in view.
const LINGERS: Duration = Duration::from_millis(1500);

/// A cause that nothing reads; none when the reader knows of none.
type Cause = Option<Hint>;

/// Hints as they come in, and the one that is shown. Times are since boot.
#[derive(Debug, Default)]
pub(crate) struct Guide {
    /// The hint that is shown, and when its cause was last in view.
    shown: Option<(Cause, Duration)>,
    /// What may be shown instead.
    next: Option<Waiting>,
}

/// A trouble that has not stood long enough yet.
#[derive(Debug)]
struct Waiting {
    since: Duration,
    last: Duration,
    /// What was seen of it, look by look.
    causes: Vec<Cause>,
}

impl Waiting {
    /// What is to be said of it, once it has stood long enough: the cause seen most often, of several the last.
    fn says(&self) -> Option<Cause> {
        let known = self.causes.iter().flatten();
        let often = |cause: &&Hint| self.causes.iter().filter(|seen| **seen == Some(**cause)).count();
        let cause = known.max_by_key(often).copied();
        let stands = if cause.is_some() { STANDS } else { UNKNOWN_STANDS };
        (self.causes.len() >= LOOKS && self.last.saturating_sub(self.since) >= stands).then_some(cause)
    }
}

impl Guide {
    /// Something is in view that cannot be read.
    pub(crate) fn see(&mut self, cause: Cause, now: Duration) {
        let is_recent = |at: Duration| now.saturating_sub(at) < LINGERS;
        self.shown = self.shown.filter(|(_, at)| is_recent(*at));
        // That no cause is known says nothing against the one that is shown.
        if let Some((shown, at)) = &mut self.shown
            && (*shown == cause || cause.is_none())
        {
            *at = now;
            if cause.is_some() {
                self.next = None;
            }
            return;
        }
        // While nothing is shown, causes that take turns are one trouble.
        let is_shown = self.shown.is_some();
        let goes_on = |next: &Waiting| is_recent(next.last) && (!is_shown || next.causes.last() == Some(&cause));
        let next = self.next.take().filter(goes_on);
        let mut next = next.unwrap_or(Waiting { since: now, last: now, causes: Vec::new() });
        next.last = now;
        next.causes.push(cause);
        match next.says() {
            Some(cause) => self.shown = Some((cause, now)),
            None => self.next = Some(next),
        }
    }

    /// Something was read.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// What is to be said now, if anything.
    pub(crate) fn says(&self, now: Duration) -> Option<Cause> {
        self.shown.filter(|(_, at)| now.saturating_sub(*at) < LINGERS).map(|(cause, _)| cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sees causes a tenth of a second apart; gives what is said after each.
    fn said(guide: &mut Guide, now: &mut Duration, causes: &[Cause]) -> Vec<Option<Cause>> {
        let see = |cause: &Cause| {
            *now += Duration::from_millis(100);
            guide.see(*cause, *now);
            guide.says(*now)
        };
        causes.iter().map(see).collect()
    }

    const FAR: Cause = Some(Hint::TooFar);
    const BLURRED: Cause = Some(Hint::Blurred);

    #[test]
    fn a_hint_stands_for_a_moment_before_it_is_said_and_lingers_for_another() {
        let (mut guide, mut now) = (Guide::default(), Duration::from_secs(50));
        assert_eq!(said(&mut guide, &mut now, &[FAR; 4]), [None, None, None, Some(FAR)]);
        assert_eq!(guide.says(now + Duration::from_millis(1400)), Some(FAR));
        assert_eq!(guide.says(now + Duration::from_millis(1600)), None);
    }

    #[test]
    fn another_hint_takes_its_place_only_when_it_stands() {
        let (mut guide, mut now) = (Guide::default(), Duration::from_secs(50));
        said(&mut guide, &mut now, &[FAR; 4]);
        let flicker = said(&mut guide, &mut now, &[BLURRED, FAR, BLURRED, BLURRED, FAR, None]);
        assert_eq!(flicker, [Some(FAR); 6]);
        assert_eq!(said(&mut guide, &mut now, &[BLURRED; 4]), [Some(FAR), Some(FAR), Some(FAR), Some(BLURRED)]);
    }

    #[test]
    fn causes_that_take_turns_are_said_all_the_same() {
        let (mut guide, mut now) = (Guide::default(), Duration::from_secs(50));
        let turns = said(&mut guide, &mut now, &[FAR, BLURRED, None, BLURRED, FAR]);
        assert_eq!(turns, [None, None, None, Some(BLURRED), Some(BLURRED)]);
        // That between two looks no cause is known does not hold another one up.
        let later: Vec<Cause> = (0..20).map(|at| if at % 2 == 0 { FAR } else { None }).collect();
        assert_eq!(said(&mut guide, &mut now, &later).last(), Some(&Some(FAR)));
    }

    #[test]
    fn one_look_that_errs_is_outvoted_wherever_it_comes() {
        for at in 0..4 {
            let (mut guide, mut now) = (Guide::default(), Duration::from_secs(50));
            for wrong in [BLURRED, None] {
                guide.clear();
                let mut causes = [FAR; 4];
                causes[at] = wrong;
                assert_eq!(said(&mut guide, &mut now, &causes), [None, None, None, Some(FAR)]);
            }
        }
    }

    #[test]
    fn without_a_cause_it_takes_longer_and_two_looks_are_not_enough() {
        let (mut guide, mut now) = (Guide::default(), Duration::from_secs(50));
        let unknown = said(&mut guide, &mut now, &[None; 10]);
        assert_eq!(unknown.iter().position(Option::is_some), Some(9));
        guide.clear();
        assert_eq!(said(&mut guide, &mut now, &[FAR]), [None]);
        now += STANDS;
        assert_eq!(said(&mut guide, &mut now, &[BLURRED]), [None]);
        assert_eq!(said(&mut guide, &mut now, &[FAR]), [Some(FAR)]);
    }

    #[test]
    fn what_was_read_is_not_spoken_of_and_a_flash_neither() {
        let (mut guide, mut now) = (Guide::default(), Duration::from_secs(50));
        said(&mut guide, &mut now, &[FAR; 4]);
        guide.clear();
        assert_eq!(guide.says(now), None);
        said(&mut guide, &mut now, &[BLURRED]);
        now += LINGERS;
        assert_eq!(said(&mut guide, &mut now, &[BLURRED]), [None]);
    }
}
