-- Numbers in use in a damaged range.
SELECT sequence, epoch_counter FROM row WHERE sequence BETWEEN ?1 AND ?2;
