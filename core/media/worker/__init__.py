"""The child process for one untrusted file: the only code that uses PyAV and Pillow on foreign bytes.

Nothing here imports the rest of `core`: a child must start in under a tenth of a second.
"""
