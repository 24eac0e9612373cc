-- A crossing that was judged again keeps its number: the last verdict counts.
INSERT INTO use (name, id, sequence, issuer, pass_id, window, until, at, minute, trips, per_day)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
ON CONFLICT (name, id) DO UPDATE SET sequence = excluded.sequence, issuer = excluded.issuer,
    pass_id = excluded.pass_id, window = excluded.window, until = excluded.until, at = excluded.at,
    minute = excluded.minute, trips = excluded.trips, per_day = excluded.per_day;
