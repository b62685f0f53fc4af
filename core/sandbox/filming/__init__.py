"""What films in the sandbox: run as a child, and loaded by nobody else."""
