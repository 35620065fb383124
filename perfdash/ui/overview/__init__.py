"""The Overview: what changed, how it stands, what needs a look."""
