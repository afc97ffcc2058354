# tries: takes more of the processor than its share
# stopped by: no capabilities
# wins without: namespaces, view, landlock, seccomp
# deserves: 21

# %% act
import os


def act():
    os.setpriority(os.PRIO_PROCESS, 0, -10)
    return True
