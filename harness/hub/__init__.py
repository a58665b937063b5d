"""The live door: one process that owns a shift, its queue, its leases and its log."""
