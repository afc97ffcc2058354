# tries: connects to a server of this machine (tcp)
# stopped by: a network namespace, and no new sockets
# wins without: namespaces, view, landlock, seccomp
# deserves: 21

# %% act
import socket


def act():
    with socket.socket(socket.AF_INET) as connection:
        connection.settimeout(2)
        connection.connect(("127.0.0.1", {port}))
    return True
