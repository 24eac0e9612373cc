use proptest::prelude::*;

use super::*;

const AMPLE: Room = Room { is_full: false, left: 4 << 30, budget: 4 << 30, hours: Some(9000), inodes: Some(100_000) };

fn stage(room: Room) -> Stage {
    Stage::of(&room, Stage::Ample)
}

#[test]
fn each_bound_alone_makes_its_stage() {
    assert_eq!(stage(AMPLE), Stage::Ample);
    assert_eq!(stage(Room { hours: None, inodes: None, ..AMPLE }), Stage::Ample);
    for (hours, expected) in [(168, Stage::Ample), (167, Stage::Warn), (71, Stage::Lean), (23, Stage::Tell)] {
        assert_eq!(stage(Room { hours: Some(hours), ..AMPLE }), expected, "{hours} h");
    }
    for (inodes, expected) in [(1023, Stage::Warn), (255, Stage::Lean), (63, Stage::Tell), (0, Stage::Tell)] {
        assert_eq!(stage(Room { inodes: Some(inodes), ..AMPLE }), expected, "{inodes} inodes");
    }
    // A large budget is not short of room at a tenth of it; a small one is.
    for (left, expected) in [(257 << 20, Stage::Ample), (255 << 20, Stage::Warn), (15 << 20, Stage::Tell)] {
        assert_eq!(stage(Room { left, ..AMPLE }), expected, "{left} B of 4 GiB");
    }
    let small = Room { budget: 100_000_000, ..AMPLE };
    for (left, expected) in [(10_000_001, Stage::Ample), (9_000_000, Stage::Warn), (4_000_000, Stage::Lean)] {
        assert_eq!(stage(Room { left, ..small }), expected, "{left} B of 100 MB");
    }
    assert_eq!(stage(Room { is_full: true, ..AMPLE }), Stage::Full);
}

#[test]
fn a_stage_is_left_only_when_there_is_a_quarter_more() {
    let at = |hours, before| Stage::of(&Room { hours: Some(hours), ..AMPLE }, before);
    assert_eq!(at(24, Stage::Tell), Stage::Tell);
    assert_eq!(at(29, Stage::Tell), Stage::Tell);
    assert_eq!(at(30, Stage::Tell), Stage::Lean);
    assert_eq!(at(24, Stage::Ample), Stage::Lean);
    // Room that came at once is believed at once.
    assert_eq!(at(9000, Stage::Tell), Stage::Ample);
    assert_eq!(at(9000, Stage::Full), Stage::Ample);
}

fn rooms() -> impl Strategy<Value = Room> {
    let (hours, inodes) = (proptest::option::of(0..400u32), proptest::option::of(0..3000u64));
    (any::<bool>(), any::<u64>(), any::<u64>(), hours, inodes).prop_map(|(is_full, left, budget, hours, inodes)| Room {
        is_full,
        left,
        budget,
        hours,
        inodes,
    })
}

proptest! {
    #[test]
    fn less_room_never_makes_a_better_stage(
        room in rooms(),
        before in proptest::sample::select(&Stage::ALL[..]),
        (bytes, hours, inodes) in (any::<u64>(), 0..400u32, 0..3000u64),
    ) {
        let less = Room {
            left: room.left.saturating_sub(bytes),
            hours: room.hours.map(|have| have.saturating_sub(hours)),
            inodes: room.inodes.map(|have| have.saturating_sub(inodes)),
            ..room
        };
        prop_assert!(Stage::of(&less, before) >= Stage::of(&room, before));
        // And no stage is worse than what the numbers, or the stage before, say.
        prop_assert!(Stage::of(&room, before) <= Stage::of(&room, Stage::Ample).max(before));
        prop_assert!(Stage::of(&room, before) >= Stage::of(&room, Stage::Ample));
    }
}
