"""MLflow inside: the process that runs it, the door before it, and our own reads of its tables."""
