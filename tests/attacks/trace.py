# tries: attaches to another process as a debugger
# stopped by: a pid namespace, the filter of system calls, no capabilities
# wins without: namespaces, view, landlock, seccomp
# deserves: 21

# %% act
import ctypes
import os


def act():
    library = ctypes.CDLL(None, use_errno=True)
    if library.ptrace(16, {victim}, None, None) != 0:
        return False
    os.waitpid({victim}, 0x40000000)
    library.ptrace(17, {victim}, None, None)
    return True
