//! How old what the box knows is, part by part, for everybody who is told: the panel, the technician, HQ.

use trust::Release;
use verdict::{Grade, Knowledge};
use wire::WallTime;
use wire::health::{Age, Freshness};

/// How old one part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aged {
    /// The part.
    pub part: Knowledge,
    /// Its age in seconds.
    pub seconds: i64,
    /// What policy makes of that.
    pub grade: Grade,
}

/// Every part of a release.
pub fn parts(release: &Release, now: WallTime) -> [Aged; Knowledge::ALL.len()] {
    let ages = release.ages(now);
    Knowledge::ALL.map(|part| {
        let seconds = ages.of(part);
        Aged { part, seconds, grade: release.policy().grade(part, seconds) }
    })
}

/// The part that policy likes least; of several the oldest.
pub fn worst(release: &Release, now: WallTime) -> Aged {
    let parts = parts(release, now);
    let worse =
        |one: Aged, other: Aged| if (other.grade, other.seconds) > (one.grade, one.seconds) { other } else { one };
    parts.into_iter().fold(parts[0], worse)
}

impl From<Aged> for Age {
    fn from(Aged { part, seconds, grade }: Aged) -> Self {
        let grade = match grade {
            Grade::Fresh => Freshness::Fresh,
            Grade::Stale => Freshness::Stale,
            Grade::Old => Freshness::Old,
        };
        Self { part: part.number(), seconds, grade }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::{BEGIN, Desk, now};

    #[test]
    fn parts_age_as_policy_says_and_the_worst_is_named() {
        let desk = Desk::open();
        let release = desk.release();
        let (fresh_for, old_after) = (release.policy().fresh_for, release.policy().old_after);
        let grade = |age| worst(&release, now(BEGIN + age)).grade;
        assert_eq!(
            [grade(0), grade(fresh_for), grade(fresh_for + 1), grade(old_after), grade(old_after + 1)],
            [Grade::Fresh, Grade::Fresh, Grade::Stale, Grade::Stale, Grade::Old]
        );
        let told = parts(&release, now(BEGIN + old_after + 1)).map(Age::from);
        assert!(told.iter().all(|age| age.grade == Freshness::Old && age.seconds == old_after + 1));
        assert!(told.iter().map(|age| age.part).eq(Knowledge::ALL.map(Knowledge::number)));
    }
}
