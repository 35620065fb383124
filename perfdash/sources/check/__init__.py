"""`check-source`: what would be asked, and how a trial answer is read."""
