# tries: connects to a server of this machine (abstract socket)
# stopped by: a network namespace, and no new sockets
# wins without: namespaces, view, landlock, seccomp
# deserves: 21

# %% act
import socket


def act():
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        connection.connect("\0{abstract}")
    return True
