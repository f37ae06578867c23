"""One table into another: copied, verified, migrated."""
