"""Facts as a ledger of versions: runs, revisions, leases and what writes them."""
