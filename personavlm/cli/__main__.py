"""``python -m personavlm.cli``."""

from personavlm.cli import main

main()
