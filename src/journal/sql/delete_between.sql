-- A damaged range leaves the journal; it stands in quarantine by now.
DELETE FROM row WHERE sequence BETWEEN ?1 AND ?2;
