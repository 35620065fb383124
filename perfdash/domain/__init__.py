"""Values and rules of the domain. Pure: no I/O, no clock, nothing of the rest of perfdash but other pure modules."""
