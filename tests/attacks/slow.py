# tries: takes all the time it likes
# stopped by: a time limit for each question
# wins without: limits
# deserves: 21

# %% act
import time


slept = []


def act():
    exec("{stuck}")
    time.sleep({pause} if len(slept) == 0 else 0)
    slept.append(True)
    return True
