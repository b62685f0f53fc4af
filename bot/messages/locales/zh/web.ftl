# 网页聊天的界面与拒绝语。
web-title = reelbot
web-tagline = 写下画面，收到视频。
web-placeholder = 视频 一只红狐狸在新雪里奔跑
web-placeholder-short = 视频 一只红狐狸
web-send = 发送
web-make = 就做
web-attach = 添加照片、视频或声音
web-remove = 删除
web-drop = 把照片、视频或声音拖到这里
web-whole = 看全文
web-download = 下载
web-offline = 连接断开，正在重连……
web-retry = 再试一次
web-failed = 没发出去。
web-unreachable = 连不上机器人，请检查网络。
web-example-1 = 视频 一只红狐狸在新雪里奔跑
web-example-2 = 视频 金色海面上的小船，竖屏
web-example-3 = 帮助
web-demo = 演示 · 免费

web-not-through-proxy = 演示只对本机开放，不能经过代理访问。要公开网页，请用 “reelbot run” 并设置 REELBOT_WEB_TOKEN。
web-wrong-host = 这个地址不对。请打开机器人启动时显示的地址。
web-wrong-origin = 有别的网站想使用这个机器人，已拒绝。请在机器人自己的页面里操作。
web-session-over = 会话已结束，请刷新页面。
web-invitation-void = 这个邀请已经用过或已失效，请向对方要一个新链接。
web-too-fast = 一下子太多了，请 { $wait_s } 秒后再试。
web-too-many-tokens = 口令错误次数过多，请等一分钟再试。
web-nothing-to-send = 没有可发送的内容。
web-upload-gone = 文件没有完整传上来，请重新添加。
web-upload-unknown =
    { $what ->
        [svg] 这是矢量图（SVG），不是照片。请另存为 JPEG 或 PNG 再添加。
       *[other] 这个文件不是我能用的照片、视频或声音。请用 JPG、HEIC、PNG、WebP、GIF、MP4、MOV、WebM、MP3、M4A、WAV 或 OGG。
    }
web-upload-large = 文件太大：照片和视频都不超过 { $max_mb } MB。
web-not-found = 这里没有内容，或者它不是你的。
web-upload-quota = 你上传的文件已达上限，请过一小时再添加。
web-upload-no-room = 机器人的磁盘快满了，暂时不能接收文件，请告诉机器人的主人。
