"""The notebook around `vikit`: what its cells define, why one stopped, how nbgrader runs it."""
