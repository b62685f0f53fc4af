# 微信：公众号的菜单，以及给管理员的提醒。

wechat-menu-make = 做视频
wechat-menu-mine = 我的视频
wechat-menu-more = 更多
wechat-menu-status = 状态
wechat-menu-history = 历史
wechat-menu-next = 领取视频
wechat-menu-models = 模型
wechat-menu-price = 价格
wechat-menu-help = 帮助

alert-wechat-setup =
    { KNOWN($address) ->
        [yes] 微信公众号拒绝了本机：{ $address } 不在 IP 白名单里。请到微信开发者平台（developers.weixin.qq.com 的“我的业务”）或公众平台（mp.weixin.qq.com）的“设置与开发”里加上它。
       *[no] 微信公众号的设置不对（errcode { $code }）：请检查 WECHAT_APP_ID 和 WECHAT_APP_SECRET。reelbot doctor 会说明具体问题。
    }视频不会丢，修好后会继续发送。
alert-wechat-quota = 微信公众号今天的接口调用次数用完了（errcode { $code }）。视频会保存好，用户发条消息就能领取。
