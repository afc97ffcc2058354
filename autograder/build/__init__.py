"""solutions/ -> assignments/, the release zip, the executed solutions and the sample class."""
