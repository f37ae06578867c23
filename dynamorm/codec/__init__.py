"""Struct instances as DynamoDB JSON, and back: what `items` and `transforms` are made of."""
