"""Portable documents out of the ledger: Open Badges 3.0, CLR 2.0, their proofs, the bundle.

Values in, values out. No file, database, clock, random number or socket is opened here: identifiers
and times come as arguments, signatures through a ``CredentialSigner``, and the only files read are
the JSON-LD contexts of the carrier package, whose hashes are pinned in ``contexts``.
"""
