INSERT INTO crossing (name, id, sequence, judged, at, clock, lane, format, issuer, pass_id, kind, plate_seen,
    plate_bound, outcome, release, release_age, read_us, judge_us, plate_source, shift, use_window, how)
VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
    ?20, ?21)
ON CONFLICT (name, id) DO UPDATE SET sequence = excluded.sequence, judged = judged + 1, at = excluded.at,
    clock = excluded.clock, lane = excluded.lane, format = excluded.format, issuer = excluded.issuer,
    pass_id = excluded.pass_id, kind = excluded.kind, plate_seen = excluded.plate_seen,
    plate_bound = excluded.plate_bound, outcome = excluded.outcome, release = excluded.release,
    release_age = excluded.release_age, read_us = excluded.read_us, judge_us = excluded.judge_us,
    plate_source = excluded.plate_source, shift = excluded.shift, use_window = excluded.use_window, how = excluded.how;
