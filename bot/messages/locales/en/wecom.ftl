# WeCom: what the AI bot says by itself, and what its operator is told.

wecom-welcome =
    Hello! Tell me what you would like to see, with a photo if you like, and I make a video of it.
    You see the price before anything is bought. “Help” tells more.
wecom-restarting = I am just being restarted and have not taken this down. Please send it again in a minute.

alert-wecom-thrown-out = Another program has connected to WeCom as this bot and thrown this one out: WeCom gives each bot one connection. Stop the other program, or create a bot of its own for it. I try again in ten minutes at the earliest; until then nothing is received or sent in WeCom, and no video is lost.
alert-wecom-refused = WeCom refuses the AI bot (853000): WECOM_BOT_ID or WECOM_BOT_SECRET is wrong, or the bot was set to a callback address. On its page in WeCom choose the long connection, copy both anew into .env and restart. No video is lost.
