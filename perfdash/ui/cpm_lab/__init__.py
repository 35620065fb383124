"""The CPM lab."""
