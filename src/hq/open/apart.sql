-- One pass at two boxes within ?2 seconds (?1: since), none of them refused or turned back. Times of a clock in doubt
-- prove nothing.
SELECT one.issuer, one.pass_id, one.name, one.sequence, one.at / 1000, two.name, two.sequence, two.at / 1000
FROM crossing two JOIN crossing one ON one.issuer = two.issuer AND one.pass_id = two.pass_id
    AND one.name != two.name AND one.at <= two.at AND one.at > two.at - ?2 * 1000
    AND (one.at < two.at OR one.name < two.name)
LEFT JOIN closing first ON first.name = one.name AND first.id = one.id
LEFT JOIN closing second ON second.name = two.name AND second.id = two.id
WHERE two.at >= ?1 * 1000 AND one.outcome != 2 AND two.outcome != 2
    AND coalesce(first.action, 0) != 1 AND coalesce(second.action, 0) != 1
    AND one.clock IN ('ntp', 'rtc', 'signed') AND two.clock IN ('ntp', 'rtc', 'signed');
