"""The settings of docs/settings.md, read once from the environment into one frozen object."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ledger.errors import RefusedError

ORIGIN_DEFAULT = "jinlan.localhost"
PORT_DEFAULT = 8000
DATABASE = "ledger.sqlite3"
PUBLIC_DEFAULT = "public"


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may choose.

    Attributes:
        home: The data folder.
        origin: Name of the log in checkpoints, and host of the did:web identifiers. Fixed when the
            ledger is made.
        port: Port of the API on 127.0.0.1.
        database_url: Of PostgreSQL; None keeps the ledger in SQLite inside the data folder. It may
            hold a password.
        public: Folder of the public log's files, if not ``public`` in the data folder.
    """

    home: Path
    origin: str = ORIGIN_DEFAULT
    port: int = PORT_DEFAULT
    database_url: str | None = field(default=None, repr=False)
    public: Path | None = None

    @property
    def public_folder(self) -> Path:
        """Where the public log is written as plain files."""
        return self.public or self.home / PUBLIC_DEFAULT

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings.

        Raises:
            RefusedError: A setting has a value that cannot be used.
        """
        port = environment.get("JINLAN_PORT", str(PORT_DEFAULT))
        if not (port.isascii() and port.isdigit() and 0 <= int(port) <= 65_535):  # noqa: PLR2004 - TCP's own bound
            raise RefusedError(
                f"JINLAN_PORT: found {port!r}, expected a number from 0 to 65535",
                code="setting-unusable",
            )
        public = environment.get("JINLAN_PUBLIC")
        return cls(
            home=Path(environment.get("JINLAN_HOME") or "var").absolute(),
            origin=environment.get("JINLAN_ORIGIN") or ORIGIN_DEFAULT,
            port=int(port),
            database_url=environment.get("DATABASE_URL") or None,
            public=Path(public).absolute() if public else None,
        )

    @property
    def database(self) -> Path | str:
        """Where the database is: a file, or a server's URL."""
        return self.database_url or self.home / DATABASE
