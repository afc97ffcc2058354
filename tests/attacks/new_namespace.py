# tries: makes itself root of a namespace of its own
# stopped by: the filter of system calls
# wins without: namespaces, view, landlock, seccomp
# deserves: 21

# %% act
import ctypes


def act():
    library = ctypes.CDLL(None, use_errno=True)
    return library.unshare(0x08000000) == 0
