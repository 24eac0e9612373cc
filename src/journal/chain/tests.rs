use proptest::prelude::*;

use super::*;

fn any_row() -> impl Strategy<Value = Row> {
    let kind = prop_oneof![Just(RowKind::Opening), Just(RowKind::Entry), Just(RowKind::Checkpoint)];
    let bytes = proptest::collection::vec(any::<u8>(), 0..200);
    (any::<u64>(), any::<[u8; 8]>(), any::<u64>(), any::<[u8; 8]>(), kind, bytes).prop_map(
        |(counter, nonce, sequence, boot, kind, body)| Row {
            epoch: EpochId { counter, nonce },
            sequence,
            boot,
            kind,
            body,
            chain: [0; HASH],
            mac: [0; HASH],
        },
    )
}

proptest! {
    #[test]
    fn two_rows_have_one_hash_only_when_they_are_the_same(a in any_row(), b in any_row(), p in any::<Hash>()) {
        prop_assert_eq!(link(&p, &a) == link(&p, &b), a == b);
    }

    #[test]
    fn every_field_counts(row in any_row(), previous in any::<Hash>(), bit in any::<u64>(), cut in any::<prop::sample::Index>()) {
        let hash = link(&previous, &row);
        let flip = 1u64 << (bit % 64);
        let mut others = vec![
            Row { sequence: row.sequence ^ flip, ..row.clone() },
            Row { epoch: EpochId { counter: row.epoch.counter ^ flip, ..row.epoch }, ..row.clone() },
            Row { epoch: EpochId { nonce: (u64::from_be_bytes(row.epoch.nonce) ^ flip).to_be_bytes(), ..row.epoch }, ..row.clone() },
            Row { boot: (u64::from_be_bytes(row.boot) ^ flip).to_be_bytes(), ..row.clone() },
            Row { body: [row.body.as_slice(), &[0]].concat(), ..row.clone() },
        ];
        for kind in [RowKind::Opening, RowKind::Entry, RowKind::Checkpoint] {
            if kind != row.kind {
                others.push(Row { kind, ..row.clone() });
            }
        }
        if !row.body.is_empty() {
            let at = cut.index(row.body.len());
            let mut body = row.body.clone();
            body[at] ^= 1 << (bit % 8);
            others.push(Row { body, ..row.clone() });
            others.push(Row { body: row.body[..at].to_vec(), ..row.clone() });
        }
        for other in others {
            prop_assert_ne!(link(&previous, &other), hash);
        }
        let mut elsewhere = previous;
        elsewhere[(bit % 32) as usize] ^= 1;
        prop_assert_ne!(link(&elsewhere, &row), hash);
        // The chain hash and the MAC are about the row, not in it.
        prop_assert_eq!(link(&previous, &Row { chain: [1; HASH], mac: [2; HASH], ..row }), hash);
    }

    #[test]
    fn a_changed_or_moved_row_ends_the_sound_prefix(
        mut rows in proptest::collection::vec(any_row(), 2..20),
        at in any::<prop::sample::Index>(),
        bit in 0..8usize,
    ) {
        let mut previous = START;
        for (row, sequence) in rows.iter_mut().zip(1..) {
            row.sequence = sequence;
            row.chain = link(&previous, row);
            previous = row.chain;
        }
        prop_assert_eq!(sound_prefix(Some((&START, 0)), &rows), rows.len());
        let at = at.index(rows.len());
        let mut changed = rows.clone();
        changed[at].boot[bit] ^= 1 << bit;
        prop_assert_eq!(sound_prefix(Some((&START, 0)), &changed), at);
        let mut missing = rows.clone();
        missing.remove(at);
        prop_assert_eq!(sound_prefix(Some((&START, 0)), &missing), at);
        let other = (at + 1) % rows.len();
        rows.swap(at, other);
        prop_assert_eq!(sound_prefix(Some((&START, 0)), &rows), at.min(other));
    }

    #[test]
    fn mac_keys_go_forward_only(key in any::<[u8; 32]>(), chain in any::<Hash>()) {
        let next = next_mac_key(&key);
        prop_assert_ne!(next, key);
        prop_assert_ne!(mac(&key, &chain), mac(&next, &chain));
    }
}
