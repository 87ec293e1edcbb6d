"""Bytes of a roster in, rows out: commands or problems. No file, database, clock or socket."""
