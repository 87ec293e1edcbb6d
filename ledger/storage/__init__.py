"""The SQL: log, tiles, bodies, vault, projections.

Knows bytes and columns and no rule or meaning: it imports ``ledger.core`` and nothing of the
domain. Functions take a connection inside a transaction that a service opened, and leave commit and
rollback to it.
"""
