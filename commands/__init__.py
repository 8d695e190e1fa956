"""The command line's commands, one a file: its options and what it says. Only they print."""
