"""The SQL of restatements and of how days settle."""
