"""Several processes on one database: which runs which loop, which takes over, and what is deleted."""
