"""The bot: chats in front, jobs behind."""
