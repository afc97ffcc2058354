# tries: reads shared memory that another process has left
# stopped by: an ipc namespace
# wins without: namespaces, view, seccomp
# deserves: 21

# %% act
import ctypes


def act():
    library = ctypes.CDLL(None, use_errno=True)
    return library.shmget({key}, 0, 0) >= 0
