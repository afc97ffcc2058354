"""The notebook that `vikit` runs in: what its cells define, why a cell stopped, and how nbgrader
runs it.
"""
