# tries: sends a datagram
# stopped by: no new sockets
# wins without: namespaces, view, seccomp
# deserves: 21

# %% act
import socket


def act():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        return connection.sendto(b"hello", ("127.0.0.1", {port})) == 5
