"""Publishing: the public halves of the keys, as ``keys.json`` in the data folder.

The same bytes are served as the key list; see ``ledger.core.key_list`` for the form.
"""

import os
import tempfile
from pathlib import Path
from typing import Final

from keys.custody import sync_folder
from ledger.core.key_list import KeyList
from ledger.errors import UnavailableError

KEY_LIST_NAME: Final = "keys.json"
_PUBLIC_MODE: Final = 0o644


def write_key_list(home: Path, key_list: KeyList) -> None:
    """Write ``keys.json`` in one step, readable for all. Durable on return.

    Whoever dies on the way leaves the old list whole; writing it again does no harm.

    Raises:
        UnavailableError: The file system refuses; the old list is still there.
    """
    content = key_list.encode()
    try:
        descriptor, name = tempfile.mkstemp(prefix=KEY_LIST_NAME + ".", dir=home)
        new = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fchmod(descriptor, _PUBLIC_MODE)
                os.fsync(descriptor)
            new.replace(home / KEY_LIST_NAME)
        except OSError:
            new.unlink(missing_ok=True)
            raise
        sync_folder(home)
    except OSError as error:
        raise UnavailableError(
            f"{home / KEY_LIST_NAME}: not written: {error.strerror or 'unknown cause'}"
        ) from error
