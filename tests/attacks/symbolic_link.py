# tries: writes through a symbolic link out of its folder
# stopped by: nothing outside of the scratch folder can be written, or seen
# wins without: view, landlock
# deserves: 21

# %% act
import os


def act():
    if not os.path.islink("link"):
        os.symlink("{outside}/verdict.json", "link")
    with open("link", "a") as file:
        file.write("changed")
    return True
