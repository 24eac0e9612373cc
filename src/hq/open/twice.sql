-- Uses that were one too many (?1: since), each with the one before it, by the boxes' times. Days of boxes in other
-- zones begin up to half a day apart. Who was turned back or exempted has used nothing.
WITH weighed AS (
    SELECT two.*,
        (SELECT count(*) FROM use one WHERE one.issuer = two.issuer AND one.pass_id = two.pass_id
            AND (one.at, one.number) <= (two.at, two.number) AND abs(one.window - two.window) < 43200
            AND NOT EXISTS (SELECT 1 FROM closing WHERE name = one.name AND id = one.id AND action IN (1, 5))) AS today,
        (SELECT count(*) FROM use one WHERE one.issuer = two.issuer AND one.pass_id = two.pass_id
            AND (one.at, one.number) <= (two.at, two.number)
            AND one.window > two.window - (two.until - two.window) + 43200
            AND NOT EXISTS (SELECT 1 FROM closing WHERE name = one.name AND id = one.id AND action IN (1, 5))) AS trip,
        (SELECT one.number FROM use one WHERE one.issuer = two.issuer AND one.pass_id = two.pass_id
            AND (one.at, one.number) < (two.at, two.number)
            AND NOT EXISTS (SELECT 1 FROM closing WHERE name = one.name AND id = one.id AND action IN (1, 5))
            ORDER BY one.at DESC, one.number DESC LIMIT 1) AS before
    FROM use two
    WHERE two.at >= ?1
        AND NOT EXISTS (SELECT 1 FROM closing WHERE name = two.name AND id = two.id AND action IN (1, 5))
)
SELECT two.issuer, two.pass_id, one.name, one.sequence, one.at, two.name, two.sequence, two.at,
    iif(two.today > coalesce(two.per_day, two.today), two.today, two.trip),
    iif(two.today > coalesce(two.per_day, two.today), two.per_day, two.trips)
FROM weighed two JOIN use one ON one.number = two.before
WHERE two.today > two.per_day OR two.trip > two.trips;
