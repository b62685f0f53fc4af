"""A chat that the program has never heard of, in a folder of its own: pigeon post. Its server is loft.py.

`python -m tests.channels.throwaway …` is `reelbot …` with `chats/` beside the program's own chats; no file is edited.
"""
