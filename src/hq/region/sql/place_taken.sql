-- Whether place ?3 of series ?2 of issuer ?1 belongs to a pass, or was revoked for one not known here.
SELECT 1 FROM pass WHERE issuer = ?1 AND series = ?2 AND place = ?3
UNION ALL
SELECT 1 FROM status WHERE issuer = ?1 AND series = ?2 AND place = ?3;
