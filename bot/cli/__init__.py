"""The console: one command, one file of its kind; heavy imports happen in the command that needs them."""
