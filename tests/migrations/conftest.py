"""Every test of this folder runs on both engines."""

from tests.databases import (  # noqa: F401 - every test here runs on both engines
    _databases_of_a_file,
    _databases_of_a_test,
    _server_of_a_run,
    database_engine,
)
