"""The commands of `python -m perfdash`, one module each: `add_parser(subparsers)` and `run(args) -> exit code`."""
