# The web chat's page and its refusals.
web-title = reelbot
web-tagline = Write what should happen. Get a video back.
web-placeholder = /video a red fox running through fresh snow
web-placeholder-short = /video a red fox
web-send = Send
web-make = Make
web-attach = Add a photo, video or sound
web-remove = Remove
web-drop = Drop a photo, video or sound here
web-whole = The whole text
web-download = Download
web-offline = Connection lost. Trying again…
web-retry = Try again
web-failed = That did not go through.
web-unreachable = The bot could not be reached. Is the network there?
web-example-1 = /video a red fox running through fresh snow
web-example-2 = /video a little boat on a golden sea, 9:16
web-example-3 = /help
web-demo = demo · free

web-not-through-proxy = The demo answers this computer only, not through a proxy. For a public page use “reelbot run” with REELBOT_WEB_TOKEN.
web-wrong-host = This address is not the bot’s own. Open the address that the bot printed at its start.
web-wrong-origin = Another web site tried to speak to the bot. Open the bot’s own page and try there.
web-session-over = Your session is over. Load the page again.
web-invitation-void = This invitation has been used already, or is no longer good. Ask for a new link.
web-too-fast = That was too much at once. Try again in { $wait_s } s.
web-too-many-tokens = Too many wrong tokens. Wait a minute, then try again.
web-nothing-to-send = There was nothing to send.
web-upload-gone = The upload did not arrive whole. Add the file again.
web-upload-unknown =
    { $what ->
        [svg] This is a drawing (SVG), not a photo. Save it as JPEG or PNG and add that.
       *[other] This is no photo, video or sound that I can use. Send a JPG, HEIC, PNG, WebP, GIF, MP4, MOV, WebM, MP3, M4A, WAV or OGG.
    }
web-upload-large = This file is too large: photos and videos work up to { $max_mb } MB.
web-not-found = There is nothing here, or it is not yours.
web-upload-quota = You have sent as many files as fit. Wait an hour, then add more.
web-upload-no-room = The disk of the bot is nearly full, so it takes no files now. Tell the person who runs it.
