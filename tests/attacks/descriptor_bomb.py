# tries: opens more files than any answer needs
# stopped by: a limit on open files
# wins without: limits
# deserves: 21

# %% act
import os


def act():
    held = []
    try:
        for _ in range(300):
            held.append(os.dup(0))
    finally:
        for descriptor in held:
            os.close(descriptor)
    return True
