# 没有图片说明、也没有按钮的聊天（微信）：先发照片再说话，用短代码代替按钮，做好的视频等人来取。

mail-start =
    你好！我能把文字和照片变成短视频。

    试试看：发送“视频 一只红狐狸在雪地里奔跑”
    或者先发一张照片，再发一句话，说说想让它怎么动。

    做好的视频会发给你；如果没收到，随便发一条消息就能领取。
    发送“帮助”查看我会做的一切。

mail-help =
    视频 加上你想看的画面：用文字生成视频
    例如：视频 一只红狐狸在雪地里奔跑

    先发照片，再发一句话：让照片动起来（照片保留 10 分钟）
    先发视频，再发一句话：按你说的改视频
    文生视频 加上画面：不用照片，只用文字（不要照片了就发“取消”）

    可选项写在描述前面或后面：
    premium、balanced、budget 或 高级、均衡、经济
    5秒、10秒 · 720p、1080p · 横屏、竖屏、方形
    例如：视频 雨中的纸船，高级，10秒，竖屏

    每个视频有一个短代码，例如 K7：
    确认 K7 · 取消 K7 · 再来 K7 · 领取 K7
    发“1”领取等着你的视频
    状态 · 历史 · 模型 · 价格 · 余额 · 语言 English · 帮助

mail-hint =
    想做视频，请这样发：
    视频 一只红狐狸在雪地里奔跑
    也可以先发一张照片，再说说想让它怎么动。发送“帮助”了解更多。

mail-prompt-missing =
    { $photos ->
        [0] 想看什么画面呢？请写在“视频”后面，例如：视频 一只红狐狸在雪地里奔跑
       *[other] 照片已经收到。请直接说说想让它怎么动。
    }
mail-photo-kept =
    { $kind ->
        [video] { $count ->
            [1] 视频收到。现在说说想怎么改它（10 分钟内有效）。
           *[other] 视频收到，现在存了 { $count } 个素材。你的下一句话会用在最早的那个上，然后依次往下。
        }
       *[image] { $count ->
            [1] 照片收到。现在说说想让它怎么动（10 分钟内有效）。
           *[other] 照片收到，现在存了 { $count } 个素材。你的下一句话会用在最早的那个上，然后依次往下。
        }
    }
mail-photos-left = 还有 { $count } 个素材在等你的下一句话。
mail-photos-dropped = 好的，存着的 { $count } 个素材不用了。
mail-other =
    { $what ->
        [voice] 这条语音我没听懂（公众号没有开启语音识别）。请用文字告诉我。
        [location] 谢谢你的位置，不过我只会用文字、照片和视频来做视频。
        [link] 链接我打不开。请直接发照片或视频，或者用文字描述画面。
       *[file] 这种消息我用不了。请发文字、照片或视频。
    }发送“帮助”看看我会做什么。

mail-video-title = 你的视频做好了
mail-caption = { $caption }，代码 { $code }
mail-videos-wait = 📬 有 { $count } 个做好的视频在等你：发“1”领取。
mail-videos-left = 还有 { $count } 个视频在等你：发“1”领取下一个。
mail-nothing-waits = 现在没有等你领取的视频。发送“状态”看看正在做的，“历史”看看做过的。
mail-video-stuck = 视频 { $code } 已经做好、保存好了，但微信暂时还没收下它。我会继续尝试；过一会儿发“{ $code }”领取。
mail-on-its-way = 正在准备视频 { $code }，马上就好。如果没有收到，过半分钟再发“{ $code }”。
mail-nothing-to-say = 好的。发送“状态”查看进展。
mail-type = 👉 发送“{ $typed }”
mail-type-for = 👉 “{ $typed }”：{ $what }

state-handed-over = 已经给你了，要再看就发它的代码。

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
        [yes] 微信公众号拒绝了本机：{ $address } 不在 IP 白名单里。请在公众平台的“设置与开发”里加上它。
       *[no] 微信公众号的设置不对（errcode { $code }）：请检查 WECHAT_APP_ID 和 WECHAT_APP_SECRET。reelbot doctor 会说明具体问题。
    }视频不会丢，修好后会继续发送。
alert-wechat-quota = 微信公众号今天的接口调用次数用完了（errcode { $code }）。视频会保存好，用户发消息就能领取。
