"""sc-hw: synthesizable learning cores from readable golden models, checked bit for bit and measured."""

__all__ = ["__version__"]


def __getattr__(name: str) -> str:
    """Return the version when it is asked for: reading it takes longer than all else that the package does at first."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version

    return version("sc-hw")


__version__: str
