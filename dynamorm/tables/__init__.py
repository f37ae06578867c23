"""The life of a table: create, compare, plan, apply, delete."""
