-- The highest epoch among rows that were set aside, as far as it can be a number of this journal.
SELECT max(epoch_counter) FROM quarantine WHERE epoch_counter BETWEEN 0 AND ?1;
