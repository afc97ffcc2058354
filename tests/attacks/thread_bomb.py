# tries: starts more threads than any answer needs
# stopped by: a limit on processes and threads
# wins without: limits
# deserves: 21

# %% act
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
