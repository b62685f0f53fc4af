# The pages of the server itself
page-400 = This request cannot be understood.
page-401 = You are not let in here. Open the bot’s page and sign in there.
page-403 = This is not allowed.
page-404 = There is nothing here, or it is not yours.
page-405 = This address cannot be used in this way.
page-413 = That was too large.
page-429 = Too many requests. Wait a minute, then try again.
page-500 = Something broke here. Try again in a moment.
page-503 = The bot is not ready now. Try again in a moment.
page-about = This is a reelbot: it makes short AI videos in a chat.
page-about-chats = Chats that run here: { $chats }.
page-about-none = No chat runs here.
page-about-how = The web chat is switched off. Who runs this bot can switch it on: set REELBOT_WEB_TOKEN and start the bot again.
