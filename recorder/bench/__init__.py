"""The recorder's benchmark: what a recording costs, and how honest its times are."""
