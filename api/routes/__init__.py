"""One blueprint for each resource. A route parses, calls one service and answers."""
