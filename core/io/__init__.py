"""What every transfer needs: bodies with a cap, what a file is, whether a request left, retries, the disk."""
