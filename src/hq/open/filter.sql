    (?1 IS NULL OR crossing.name = ?1)
    AND (?2 IS NULL OR outcome = ?2)
    AND (?3 IS NULL OR EXISTS (SELECT 1 FROM reason
        WHERE reason.name = crossing.name AND reason.id = crossing.id AND reason = ?3))
    AND (?4 IS NULL OR instr(plate_seen, ?4) > 0 OR instr(plate_bound, ?4) > 0)
    AND (?5 IS NULL OR issuer = ?5)
    AND (?6 IS NULL OR kind = ?6)
    AND (?7 IS NULL OR crossing.at >= ?7)
    AND (?8 IS NULL OR crossing.at < ?8)
