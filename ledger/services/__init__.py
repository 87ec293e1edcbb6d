"""One function, one use case, one transaction.

The only place that joins rules, storage, keys and clock.
"""
