"""What backends predict: asked for in batches, once by each version, with what failed told."""
