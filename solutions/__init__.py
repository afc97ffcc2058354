"""The solution scripts: the one place where assignments are edited. `make assignments` builds what
students get.
"""
