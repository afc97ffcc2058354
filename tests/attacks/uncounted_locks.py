# tries: takes thousands of locks, each of which is memory of the machine's own
# stopped by: the filter of system calls, which pretends them
# wins without: seccomp
# deserves: 21

# %% act
import fcntl


def act():
    with open("locked", "w") as file:
        fcntl.lockf(file, fcntl.LOCK_EX, 1, 0)
        return "POSIX" in open("/proc/locks").read()
