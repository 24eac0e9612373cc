SELECT outcome, count(*) FROM crossing WHERE {filter} GROUP BY outcome;
