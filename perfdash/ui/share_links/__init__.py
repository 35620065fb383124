"""Client links: making them, their list, and what a visitor sees."""
