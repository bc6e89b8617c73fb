"""What tracking costs: MLflow behind Treadle's door beside a plain ``mlflow server`` of the same version."""
