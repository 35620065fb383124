"""The page of restatements."""
