# tries: reads the memory of the process above it
# stopped by: a pid namespace, and no capability to trace
# wins without: namespaces, view, landlock, seccomp
# deserves: 21

# %% act
import os


def act():
    with open(f"/proc/{os.getppid()}/maps") as maps:
        start = int(next(line for line in maps if "[heap]" in line).split("-")[0], 16)
    with open(f"/proc/{os.getppid()}/mem", "rb", buffering=0) as memory:
        memory.seek(start)
        return len(memory.read(16)) == 16
