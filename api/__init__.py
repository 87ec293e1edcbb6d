"""The HTTP edge: parse a request, call one service, serialise its answer. No rule lives here."""
