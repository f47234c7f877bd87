"""The commands of `python -m aevb`, each beside the options that it takes."""
