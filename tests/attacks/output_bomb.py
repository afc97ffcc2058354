# tries: prints until the grader chokes
# stopped by: a limit on what a question may print
# wins without: limits
# deserves: 21

# %% act


def act():
    for _ in range(200):
        print("x" * 10_000)
    return True
