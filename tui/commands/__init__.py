"""What each command of `understudy` does."""
