"""The whole cohort: sheet, configuration, thresholds and verdicts, tables, failed jobs."""
