"""A Struct becomes a TableSpec: fields with their markers, options, names and rules."""
