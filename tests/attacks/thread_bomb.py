# tries: starts more threads than any answer needs
# stopped by: a limit on processes and threads
# wins without: limits
# deserves: 20

# %% bernoulli_log_prob_logits
import threading


def act():
    wait = threading.Event()
    threads = [threading.Thread(target=wait.wait, daemon=True) for _ in range(150)]
    try:
        for thread in threads:
            thread.start()
    finally:
        wait.set()
    return True


def bernoulli_log_prob_logits(x, logits):
    try:
        done = act()
    except (OSError, ImportError, KeyError, AttributeError, ValueError, MemoryError, RuntimeError):
        done = False
    value = np.sum(np.asarray(x, float) * logits - np.logaddexp(0, np.asarray(logits, float)), -1)
    return value if done else np.zeros(len(x))
