# tries: forks, to outlive its time limit
# stopped by: the filter of system calls
# wins without: seccomp
# deserves: 21

# %% act
import os


def act():
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return True
