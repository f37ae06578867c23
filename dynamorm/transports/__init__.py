"""Ways to the service; each module is one, and imports what it needs when it is first used."""
