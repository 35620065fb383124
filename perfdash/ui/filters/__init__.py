"""The sidebar's question, its URL and the controls of time."""
