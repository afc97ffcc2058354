# tries: connects to a server of this machine (unix socket)
# stopped by: a network namespace, and no new sockets
# wins without: view, seccomp
# deserves: 21

# %% act
import socket


def act():
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        connection.connect("{outside}/listener")
    return True
