"""What pages, exports and commands ask of the ledger."""
