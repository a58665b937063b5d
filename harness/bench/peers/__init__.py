"""Other people's environments, each run by an interpreter that has them installed."""
