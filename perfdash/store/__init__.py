"""The store: the only place that speaks SQL. SQLite by default, PostgreSQL by URL, one code."""
