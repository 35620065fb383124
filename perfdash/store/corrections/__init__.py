"""The SQL of corrections."""
