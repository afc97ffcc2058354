# tries: shares memory with nobody, which no limit on a process counts
# stopped by: the filter of system calls
# wins without: seccomp
# deserves: 21

# %% act
import mmap


def act():
    held = mmap.mmap(-1, 2**26)
    for place in range(0, len(held), 4096):
        held[place] = 1
    held.madvise(mmap.MADV_DONTNEED)
    return True
