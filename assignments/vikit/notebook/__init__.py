"""The notebook that `vikit` runs in: what its cells define, which of them stopped and why, and what nbgrader does with it."""
