# tries: fills the disk
# stopped by: a scratch folder of limited size
# wins without: limits
# deserves: 21

# %% act
import os


def act():
    with open("large", "wb") as file:
        for _ in range(40):
            file.write(bytes(2**20))
    os.remove("large")
    return True
