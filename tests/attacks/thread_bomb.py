# tries: starts more threads than any answer needs
# stopped by: a limit on processes and threads
# wins without: limits
# deserves: 21

# %% act
import _thread
import threading


def act():
    wait = threading.Event()
    try:
        for _ in range(150):
            # `threading.Thread` waits for ever for one that had no memory to begin.
            _thread.start_new_thread(wait.wait, ())
    finally:
        wait.set()
    return True
