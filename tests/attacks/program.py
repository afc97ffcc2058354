# tries: runs a program
# stopped by: the filter of system calls, and no program in view
# wins without: view, landlock, seccomp
# deserves: 21

# %% act
import subprocess


def act():
    return subprocess.run(["/bin/true"]).returncode == 0
