SELECT sequence, epoch_counter, epoch_nonce, chain, box, name, key, rows, first_at, last_at,
    EXISTS (SELECT 1 FROM conflict WHERE conflict.box = standing.box AND resolved IS NULL)
FROM standing ORDER BY name;
