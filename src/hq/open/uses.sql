-- ?1 now, ?2 and ?3 the days that may be told. Who was turned back or exempted has used nothing.
SELECT use.number, use.window, use.issuer, use.pass_id, use.id, use.minute
FROM use LEFT JOIN closing USING (name, id)
WHERE use.until > ?1 AND use.window > ?2 AND use.window < ?3 AND coalesce(closing.action, 0) NOT IN (1, 5)
ORDER BY use.number;
