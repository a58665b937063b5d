"""Who acts when: people, what makes agents ask, and the units of work that are played."""
