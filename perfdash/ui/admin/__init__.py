"""Users, sessions and audit."""
