# tries: asks the kernel for this machine's network addresses
# stopped by: no new sockets
# wins without: seccomp
# deserves: 21

# %% act
import socket


def act():
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0):
        return True
