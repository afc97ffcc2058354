"""How a grader and a student's process talk: requests and replies as data, what answers them, and who asks.

`check` uses the same road within the notebook's own process.
"""
