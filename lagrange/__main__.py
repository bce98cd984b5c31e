"""``python -m lagrange``."""

from lagrange.cli import main

if __name__ == "__main__":
    main()
