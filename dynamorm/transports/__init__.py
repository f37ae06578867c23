"""One signed HTTP exchange, and who sends it; each transport imports what it needs on first use."""
