# WeChat: the Official Account's menu, and what its operator is told.

wechat-menu-make = Make a video
wechat-menu-mine = My videos
wechat-menu-more = More
wechat-menu-status = Status
wechat-menu-history = History
wechat-menu-next = Fetch video
wechat-menu-models = Models
wechat-menu-price = Prices
wechat-menu-help = Help

alert-wechat-setup =
    { KNOWN($address) ->
        [yes] WeChat refuses this machine: { $address } is not on the account’s IP allow-list. Add it in the WeChat developer platform (developers.weixin.qq.com) or, where it is still there, at mp.weixin.qq.com.
       *[no] The Official Account’s settings are wrong (errcode { $code }): check WECHAT_APP_ID and WECHAT_APP_SECRET; reelbot doctor tells more.
    } No video is lost; they go out when this is mended.
alert-wechat-quota = The Official Account’s calls of today are used up (errcode { $code }). Videos are kept; people fetch theirs with any message.

wechat-video-link =
    { $title }
    { $caption }
    Watch or save it here, within three days: { $url }

alert-wechat-no-video-right = The Official Account may upload no videos (errcode 48001), so nobody can be given one: orders are refused until that changes. Have the account verified in the console, or allow links to this bot’s own page instead: WECHAT_LINK=true with REELBOT_PUBLIC_URL. “reelbot doctor” looks at once whether it worked.
alert-wechat-no-right = WeChat does not let this bot use the Official Account’s interfaces, so nobody can be given a video: orders are refused until that changes. “reelbot doctor” names the cause; if the account is barred, the notices at mp.weixin.qq.com say why.
alert-wechat-clock =
    This machine’s clock is { $hours ->
        [1] an hour
       *[other] { $hours } hours
    } { $ahead ->
        [yes] ahead of
       *[no] behind
    } WeChat’s, so every message in WeChat is refused. Set the clock (timedatectl set-ntp true); nothing has to be started anew.

# A finished video whose file the chat does not take; { $job } is its code.
video-refused-file = Video { $job } is made and kept, but the chat does not take its file, nor a smaller copy. The admins know. It is not sent again by itself; to try once more, for nothing, answer as below.
video-refused-content = Video { $job } is made and kept, but the chat’s own check of its content does not let it through. The admins know. A video in other words may pass.

# A yes as a link that types the line, with the line beside it.
passive-tap = 👉 { $link } (or send “{ $typed }”)

# For admins who could not be spoken to for a while.
alert-more =
    { $count ->
        [1] One earlier alert is in the log only (“for the admins”).
       *[other] { $count } earlier alerts are in the log only (“for the admins”).
    }

# Personal WeChat
alert-ilink-login = The login of the personal WeChat account { $account } has ended: nothing comes in or goes out, and finished videos are kept. Run reelbot wechat login --account { $account } on the server and scan the code.

ilink-page-title = Log in to personal WeChat
ilink-page-nobody = No WeChat account is logged in yet. Whoever scans may use the bot and is the admin of that account.
ilink-page-accounts = Logged in: { $names }. Whoever scans may use the bot and is the admin of that account.
ilink-page-name = Name of the account (a-z, 0-9; may be left out)
ilink-page-begin = Show the QR code
ilink-page-code = Scan this with the WeChat in which the bot is to live, then confirm on the phone.
ilink-page-scanned = Scanned. Confirm it on the phone.
ilink-page-blocked = The number was wrong too often. Scan the new code.
ilink-page-number = The phone shows a number. Type it here.
ilink-page-wrong = That was not the number. Look at the phone again and type it once more.
ilink-page-question = The number on the phone
ilink-page-send = Send
ilink-page-done = Logged in. You can write to the bot in WeChat now.
ilink-page-failed = The login did not work. Please try again.
