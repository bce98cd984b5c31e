"""How fast the projections are; see ``__main__``."""
