"""Arrow schemas of all tables and lists of codes, made from `workflow/schemas`."""
