-- The last word counts.
INSERT INTO closing (name, id, at, clock, action, why, shift) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (name, id) DO UPDATE SET at = excluded.at, clock = excluded.clock, action = excluded.action,
    why = excluded.why, shift = excluded.shift;
