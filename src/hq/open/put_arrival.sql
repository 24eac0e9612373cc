INSERT OR REPLACE INTO arrival (name, sequence, id, at, clock, plate, purpose, settlement, house, days, shift,
    minutes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12);
