# Made from ../zh by tests/messages/traditional.py: change a sentence there, or a word in its CORRECTIONS.
# 微信：公眾號的選單，以及給管理員的提醒。

wechat-menu-make = 做影片
wechat-menu-mine = 我的影片
wechat-menu-more = 更多
wechat-menu-status = 狀態
wechat-menu-history = 歷史
wechat-menu-next = 領取影片
wechat-menu-models = 模型
wechat-menu-price = 價格
wechat-menu-help = 幫助

alert-wechat-setup =
    { KNOWN($address) ->
        [yes] 微信公眾號拒絕了本機：{ $address } 不在 IP 白名單裡。請到微信開發者平台（developers.weixin.qq.com 的「我的業務」）或公眾平台（mp.weixin.qq.com）的「設定與開發」裡加上它。
       *[no] 微信公眾號的設定不對（errcode { $code }）：請檢查 WECHAT_APP_ID 和 WECHAT_APP_SECRET。reelbot doctor 會說明具體問題。
    }影片不會丟，修好後會繼續傳送。
alert-wechat-quota = 微信公眾號今天的介面呼叫次數用完了（errcode { $code }）。影片會保存好，使用者發條訊息就能領取。
