"""What a run was worth: its log of events, what they add up to, and how sure we are of it."""
