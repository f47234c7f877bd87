"""The static edition: the same scenes from the same modules, in a folder that needs no server.

What the app's server answers goes in as files; what only a server can do is said to be missing.
"""

from aevb.site.writing import IMAGES, kinds, write

__all__ = ["IMAGES", "kinds", "write"]
