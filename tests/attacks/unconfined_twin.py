# tries: asks the fork server for a kernel without any layer
# stopped by: the server's socket lies outside of the view
# wins without: view, landlock, seccomp
# deserves: 21

# %% act
import glob
import socket


def act():
    connection = socket.socket(socket.AF_UNIX)
    for path in glob.glob("{temporary}/vk-*/s"):
        try:
            connection.connect(path)
            return True
        except OSError:
            continue
    return False
