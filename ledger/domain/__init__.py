"""What is recorded and the rules. Pure: no database, clock, file or socket."""
