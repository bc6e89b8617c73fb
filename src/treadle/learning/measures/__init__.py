"""How good a version is: on held-out tasks, and by what people make of what it suggests."""
