# tries: makes a program in memory, to run it
# stopped by: the filter of system calls
# wins without: view, landlock, seccomp
# deserves: 21

# %% act
import os


def act():
    file = os.memfd_create("program")
    os.write(file, open("/bin/true", "rb").read())
    child = os.posix_spawn(f"/proc/self/fd/{file}", ["true"], {})
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
