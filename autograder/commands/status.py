"""What commands return: their exit status."""

__all__ = ["FAILED", "INTERRUPTED"]

# The machine or the kit failed: the next run does what this one could not.
FAILED = 1
# What a shell says of a command that Ctrl-C ended.
INTERRUPTED = 130
