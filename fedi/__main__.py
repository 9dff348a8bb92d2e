"""`python -m fedi`."""

from fedi.cli import main

if __name__ == "__main__":
    main(prog_name="fedi")
