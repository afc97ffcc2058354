# tries: opens more files than any answer needs
# stopped by: a limit on open files
# wins without: limits
# deserves: 20

# %% bernoulli_log_prob_logits
import os


def act():
    held = []
    try:
        for _ in range(300):
            held.append(os.dup(0))
    finally:
        for descriptor in held:
            os.close(descriptor)
    return True


def bernoulli_log_prob_logits(x, logits):
    try:
        done = act()
    except (OSError, ImportError, KeyError, AttributeError, ValueError, MemoryError, RuntimeError):
        done = False
    value = np.sum(np.asarray(x, float) * logits - np.logaddexp(0, np.asarray(logits, float)), -1)
    return value if done else np.zeros(len(x))
