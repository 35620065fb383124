"""Two to four things side by side."""
