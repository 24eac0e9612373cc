-- Crossings with how they ended, the newest first. The filter stands in filter.sql.
SELECT crossing.name, crossing.id, sequence, judged, crossing.at, crossing.clock, lane, format, issuer, pass_id, kind,
    plate_seen, plate_bound, outcome, release, release_age, read_us, judge_us, closing.at, closing.clock, action,
    plate_source, crossing.shift, use_window, how, why, closing.shift
FROM crossing LEFT JOIN closing ON closing.name = crossing.name AND closing.id = crossing.id
WHERE {filter}
ORDER BY crossing.at DESC, crossing.name, sequence DESC LIMIT ?9;
