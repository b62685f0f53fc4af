"""The base of every transfer: bodies with a cap, file types, whether a request was sent, retries, the disk."""
