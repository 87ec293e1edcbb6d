"""Bytes, hashes and proofs: the part of the ledger that an auditor can be handed alone.

What is here takes values and gives values back. It opens no file, database, clock, random number
source, network or log; it knows no skill, credit or person; it imports only ``ledger.errors``, the
standard library's pure parts, ``cryptography`` and ``orjson``. A parser accepts exactly what the
writer beside it writes, and ``verify_*`` and ``open_*`` raise: no boolean says a proof is good.
"""
