"""Mounts that only one process and its children see."""

import functools

from mg.proc import run


@functools.cache
def can_be_own():
    """Not in every container, nor where the root folder is no mount."""
    return run(["unshare", "--mount", "true"], check=False).returncode == 0


@functools.cache
def and_network():
    """Whether a network of its own is allowed as well."""
    return run(["unshare", "--mount", "--net", "true"],
               check=False).returncode == 0
