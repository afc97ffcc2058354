# tries: sends a signal to another process
# stopped by: a pid namespace: other processes have no number
# wins without: namespaces, view, landlock, seccomp
# deserves: 21

# %% act
import os


def act():
    os.kill({victim}, 0)
    return True
