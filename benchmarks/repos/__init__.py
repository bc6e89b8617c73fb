"""What versioned data costs: Treadle beside git, DVC and Oxen, and beside copying the files."""
