"""Columns of all tables and lists of codes, generated from `workflow/schemas`: not edited here."""
