# tries: fills the memory
# stopped by: a watch over what the process holds, and a limit on what it may ask for
# wins without: limits
# deserves: 21

# %% act


def act():
    global held
    held = np.ones(3 * 2**26)
    return True
