# tries: lists the processes of this machine
# stopped by: a pid namespace with a proc file system of its own
# wins without: view, landlock
# deserves: 21

# %% act
import os


def act():
    return "{victim}" in os.listdir("/proc")
