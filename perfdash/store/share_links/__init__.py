"""The SQL of client links and of who opened them."""
