# tries: opens a ring by which system calls go past filters
# stopped by: the filter of system calls
# wins without: seccomp
# deserves: 21

# %% act
import ctypes


def act():
    library = ctypes.CDLL(None, use_errno=True)
    return library.syscall(425, 4, ctypes.create_string_buffer(512)) >= 0
