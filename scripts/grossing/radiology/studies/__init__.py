"""Studies beside each other: sheet, records, verdicts, duplicates, splits and their tables."""
