# tries: opens a socket for IPv6
# stopped by: no new sockets
# wins without: seccomp
# deserves: 21

# %% act
import socket


def act():
    with socket.socket(socket.AF_INET6):
        return True
