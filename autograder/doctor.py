"""What this machine has: versions, device, and what stands between a submission and it."""

import platform
from importlib import metadata

from rich.console import Console

from autograder import screen

__all__ = ["report"]

PACKAGES = (
    "tensorflow",
    "tf_keras",
    "tensorflow-probability",
    "keras",
    "numpy",
    "nbgrader",
    "ipykernel",
    "jupyter_client",
)
# For each layer: what it does, what a submission could do without it, how to turn it on.
LAYERS = {
    "namespaces": (
        "a process tree, network and users of its own",
        "see and signal your processes, and use the network",
        (
            "as root: `sysctl -w user.max_user_namespaces=15000`, and on Ubuntu 23.10 or later "
            "`sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`; in Docker: "
            "`--security-opt seccomp=unconfined`"
        ),
    ),
    "view": (
        "a file system with Python, vikit and a scratch folder, and nothing else",
        "learn which files exist and change what your user may change of the packages",
        (
            "it needs the namespaces, and the right to mount in them; in Docker: "
            "`--security-opt systempaths=unconfined`"
        ),
    ),
    "landlock": (
        "files outside of these closed by the kernel a second time",
        "use a file that the view shows by mistake",
        (
            "Linux 5.13 or later, with `landlock` in /sys/kernel/security/lsm (boot "
            "with `lsm=landlock,...`)"
        ),
    ),
    "seccomp": (
        "some 200 system calls left of about 460: no new process, no socket, no mount, no trace",
        "start programs and reach parts of the kernel that have had holes",
        "install libseccomp (Debian, Ubuntu: `apt install libseccomp2`)",
    ),
}


def report(console: Console) -> None:
    """Prints versions, the references' device and the confinement: TensorFlow starts last."""
    from autograder import kernels

    report_versions(console)
    with screen.waiting(console, "Starting TensorFlow, to see the device") as begins:
        # It imports TensorFlow too, meanwhile.
        kernels.start_server()
        from autograder.reference import device

        chosen = device.choose()
        begins("Starting kernels with each layer of confinement")
        confinement = kernels.choose()
    console.print(f"references are computed on {chosen}", highlight=False)
    warm = (
        "forked from a server that has imported everything"
        if confinement.warm
        else (
            "cold, each imports TensorFlow anew: "
            f"{confinement.missing.get('fork server', 'only Linux has a fork server')}"
        )
    )
    console.print(f"kernels are {warm}", highlight=False)
    report_layers(console, confinement)


def report_versions(console: Console) -> None:
    from autograder.version import kit_version

    console.print(
        f"autograder {kit_version()}, Python {platform.python_version()} on {platform.platform()}",
        highlight=False,
    )
    for package in PACKAGES:
        console.print(f"  {package} {version_of(package)}", highlight=False)


def report_layers(console: Console, confinement) -> None:
    """Prints which layers are on, and of the others why they are not, and how to turn them on."""
    for layer, (what, danger, remedy) in LAYERS.items():
        if layer in confinement.layers:
            console.print(f"  [green]on[/]   {layer}: {what}", highlight=False)
        else:
            reason = confinement.missing.get(layer, "not available")
            console.print(f"  [bold red]OFF[/]  {layer}: {reason}", highlight=False)
            console.print(
                f"       a submission could {danger}. To turn it on: {remedy}.",
                highlight=False,
                soft_wrap=True,
            )
    if confinement.complete:
        console.print("notebooks are confined", style="green", highlight=False)
    elif confinement.layers:
        console.print("notebooks are confined in part", style="bold red", highlight=False)
    else:
        console.print(
            "notebooks run unconfined: they can do what you can do on this machine. "
            "Grading refuses without --unsafe.",
            style="bold red",
            highlight=False,
        )


def version_of(package) -> str:
    """Returns the version of a package in words, without importing it."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "is not installed"
