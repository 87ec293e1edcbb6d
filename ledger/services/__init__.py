"""Use cases: each function joins rules, storage, keys and clock in one transaction."""
