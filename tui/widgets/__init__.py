"""Parts of the foreman's screens, one to a file."""
