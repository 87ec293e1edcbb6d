"""Every key the ledger holds: made, kept, opened, replaced and published here, and nowhere else.

Knows ``ledger.core`` and ``ledger.errors`` only. Private bytes leave this package in two
ways: as a signature, or as a secret handed to the caller of ``Keyring.secret``. They stand in no
repr and no error.
"""
