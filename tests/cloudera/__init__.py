"""Under Cloudera AI: see docs/cloudera.md."""
