"""Jinlan: a ledger of skill credits and verifiable records out of it."""
