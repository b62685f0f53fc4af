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
