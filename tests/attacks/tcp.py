# tries: connects to a server of this machine (tcp)
# stopped by: a network namespace, and no new sockets
# wins without: layers
# deserves: 20

# %% bernoulli_log_prob_logits
import socket


def act():
    with socket.socket(socket.AF_INET) as connection:
        connection.settimeout(2)
        connection.connect(("127.0.0.1", {port}))
    return True


def bernoulli_log_prob_logits(x, logits):
    try:
        done = act()
    except (OSError, ImportError, KeyError, AttributeError, ValueError, MemoryError, RuntimeError):
        done = False
    value = np.sum(np.asarray(x, float) * logits - np.logaddexp(0, np.asarray(logits, float)), -1)
    return value if done else np.zeros(len(x))
