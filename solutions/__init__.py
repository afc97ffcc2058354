"""The solution scripts, where assignments are edited; `make assignments` builds the notebooks."""
