"""What this machine has: versions, device, and what stands between a submission and it."""

import platform
from importlib import metadata

PACKAGES = (
    "tensorflow", "tf_keras", "tensorflow-probability", "keras", "numpy", "nbgrader", "ipykernel", "jupyter_client",
)  # fmt: skip


def report(console):
    """Prints versions, the device of the references and the confinement of notebooks."""
    from autograder import kernels
    from autograder.reference import device
    from autograder.version import kit_version

    console.print(
        f"autograder {kit_version()}, Python {platform.python_version()} on {platform.platform()}", highlight=False
    )
    for package in PACKAGES:
        console.print(f"  {package} {metadata.version(package)}", highlight=False)
    console.print(f"references are computed on {device.choose()}", highlight=False)
    if not kernels.CONFINED:
        console.print(
            "[bold red]notebooks run unconfined:[/] they can do what you can do on this machine. Grade only those you trust."
        )
