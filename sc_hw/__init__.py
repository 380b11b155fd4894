"""sc-hw: synthesizable learning cores from readable golden models, checked bit for bit and measured."""

from importlib.metadata import version

__version__ = version("sc-hw")
