"""How long tests wait: a machine that is slow, or busy, takes its time, and no verdict of a test
depends on that.
"""

# Seconds: what has not come by then never comes.
AGES = 10**5
# Time limits that strike nowhere, by name, and as options of the command line.
LIMITS = {"cell": AGES, "question": AGES, "notebook": AGES}
SETTINGS = [f"{name}={seconds}" for name, seconds in LIMITS.items()]
OPTIONS = [word for setting in SETTINGS for word in ("--limit", setting)]
