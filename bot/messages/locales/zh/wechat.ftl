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
alert-wechat-quota = 微信公众号今天的接口调用次数用完了（errcode { $code }）。视频会保存好，用户发消息就能领取。

wechat-video-link =
    { $title }
    { $caption }
    点开观看或保存（三天内有效）：{ $url }

alert-wechat-no-video-right = 这个公众号没有上传视频的权限（errcode 48001），视频发不给任何人，所以暂不接单。解决办法：在微信开发者平台（或公众平台）为公众号办理认证；或者允许改发本机页面的链接：设置 WECHAT_LINK=true 和 REELBOT_PUBLIC_URL。之后运行 reelbot doctor 可立即复查。
alert-wechat-no-right = 微信不允许机器人使用这个公众号的接口，视频发不给任何人，所以暂不接单。reelbot doctor 会说明原因；如果接口被封禁，请登录 mp.weixin.qq.com 查看通知。
alert-wechat-clock =
    本机时钟比微信{ $ahead ->
        [yes] 快
       *[no] 慢
    }了约 { $hours } 小时，微信的消息都被拒收。请校准时间（timedatectl set-ntp true），不用重启。

# 聊天平台不收的成品视频；{ $job } 是它的编号。
video-refused-file = 视频 { $job } 做好了，也存好了，但聊天平台没有收下这个文件，压缩后再试也不行。已通知管理员，我不会再自动重发；想再试一次，请照下面回复，不会再收费。
video-refused-content = 视频 { $job } 做好了，也存好了，但没有通过聊天平台的内容审核，发不出来。已通知管理员。换个说法重新做一个，也许就能发出来。

# 同意下单：点一下就会发送的链接，旁边是要回复的文字。
passive-tap = 👉 { $link }（或回复“{ $typed }”）

# 给一段时间联系不上的管理员。
alert-more = 还有 { $count } 条更早的提醒，全文在日志里（“for the admins”）。

# 个人微信
alert-ilink-login = 个人微信账号 { $account } 的登录已失效，收发都停了；做好的视频都存着。请在服务器上运行 reelbot wechat login --account { $account } 重新扫码。

ilink-page-title = 登录个人微信
ilink-page-nobody = 还没有登录任何微信账号。扫码的人可以使用机器人，并且是这个账号的管理员。
ilink-page-accounts = 已登录的账号：{ $names }。扫码的人可以使用机器人，并且是这个账号的管理员。
ilink-page-name = 账号名（a-z、0-9，可不填）
ilink-page-begin = 显示二维码
ilink-page-code = 请用要放机器人的那个微信扫一扫，然后在手机上确认。
ilink-page-scanned = 已扫码，请在手机上确认。
ilink-page-blocked = 数字输错太多次，请扫新的二维码。
ilink-page-number = 手机上显示了一个数字，请输入。
ilink-page-wrong = 数字不对，请再看一下手机，重新输入。
ilink-page-question = 手机上的数字
ilink-page-send = 提交
ilink-page-done = 登录成功。现在可以在微信里给机器人发消息了。
ilink-page-failed = 没有登录成功，请再试一次。
