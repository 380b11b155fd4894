"""Speed, measured: one module a group of rows, one table. Run by ``make bench``; no test."""
