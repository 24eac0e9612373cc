DELETE FROM row WHERE sequence <= ?1;
