"""Reads the operator's config: schema, loading, secret references. Imports only `model`."""
