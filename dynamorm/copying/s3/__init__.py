"""Copies by S3: export, transform on this machine, bulk put. Loaded for `via="s3"` alone."""
