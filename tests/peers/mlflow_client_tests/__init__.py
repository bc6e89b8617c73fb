"""MLflow's own client-against-server tests, against Treadle's address."""
