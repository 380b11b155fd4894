"""``sc-hw import``: networks that were trained elsewhere. A kind of file is one file here and a line in ``SOURCES``."""

__all__ = ["SOURCES"]

SOURCES = {  # by the end of a file's name: the module whose ``read`` returns its graph
    ".nir": "nir",
    ".h5": "nir",
    ".safetensors": "safetensors",
    ".pt": "state_dict",
    ".pth": "state_dict",
    ".npz": "arrays",
}
