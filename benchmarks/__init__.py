"""What Treadle costs, beside Label Studio in the same run and beside its own budgets."""
