"""Overview and campaigns."""
