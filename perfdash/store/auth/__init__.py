"""Users, passwords, sessions, invitations, identities."""
