"""What this installation looks like."""
