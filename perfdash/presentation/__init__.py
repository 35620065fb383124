"""How numbers are said, drawn and exported. Pure."""
