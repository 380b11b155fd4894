"""The report: every record of a core joined into one table and one page."""
