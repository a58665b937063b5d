"""What a suite of runs was worth, shown: one page, one table, one JSON file."""
