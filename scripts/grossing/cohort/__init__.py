"""All slides together: sheet, configuration, verdicts, tables, failed jobs."""
