SELECT reason, count(DISTINCT crossing.rowid) FROM crossing
JOIN reason ON reason.name = crossing.name AND reason.id = crossing.id
WHERE {filter} GROUP BY reason ORDER BY 2 DESC, reason;
