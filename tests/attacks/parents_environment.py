# tries: reads the environment of the process above it
# stopped by: a pid namespace: there is no process above it
# wins without: namespaces, view, landlock, seccomp
# deserves: 21

# %% act
import os


def act():
    return os.getppid() > 0 and len(open(f"/proc/{os.getppid()}/environ", "rb").read()) > 0
