# 没有图片说明、也没有按钮的聊天：先发照片再说话，用短代码代替按钮，做好的视频等人来取。

passive-start =
    你好！我能把文字和照片变成短视频。

    试试看：发送“视频 一只红狐狸在雪地里奔跑”
    或者先发一张照片，再发一句话，说说想让它怎么动。

    做好的视频会发给你；如果没收到，随便发一条消息就能领取。
    发送“帮助”查看我会做的一切。

passive-help =
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
    状态 · 历史 · 模型 · 价格 · 设置 · 余额 · 语言 English · 帮助

passive-hint =
    想做视频，请这样发：
    视频 一只红狐狸在雪地里奔跑
    也可以先发一张照片，再说说想让它怎么动。发送“帮助”了解更多。

passive-prompt-missing =
    { $photos ->
        [0] 想看什么画面呢？请写在“视频”后面，例如：视频 一只红狐狸在雪地里奔跑
       *[other] 照片已经收到。请直接说说想让它怎么动。
    }
passive-photo-kept =
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
passive-photos-left = 还有 { $count } 个素材在等你的下一句话。
passive-photos-dropped = 好的，存着的 { $count } 个素材不用了。
passive-other =
    { $what ->
        [voice] 我在这里听不懂语音消息。请用文字告诉我。
        [location] 谢谢你的位置，不过我只会用文字、照片和视频来做视频。
        [link] 链接我打不开。请直接发照片或视频，或者用文字描述画面。
       *[file] 这种消息我用不了。请发文字、照片或视频。
    }发送“帮助”看看我会做什么。

passive-video-title = 你的视频做好了
passive-caption = { $caption }，代码 { $code }
passive-videos-wait = 📬 有 { $count } 个做好的视频在等你：发“1”领取。
passive-videos-left = 还有 { $count } 个视频在等你：发“1”领取下一个。
passive-nothing-waits = 现在没有等你领取的视频。发送“状态”看看正在做的，“历史”看看做过的。
passive-video-stuck = 视频 { $code } 已经做好、保存好了，但暂时还没能发到这个聊天里。我会继续尝试；过一会儿发“{ $code }”领取。
passive-on-its-way = 正在准备视频 { $code }，马上就好。如果没有收到，过半分钟再发“{ $code }”。
passive-nothing-to-say = 好的。发送“状态”查看进展。
passive-type = 👉 发送“{ $typed }”
passive-type-for = 👉 “{ $typed }”：{ $what }

# 按钮对应的文字，写在代码前面。每个词都要在 bot/messages/command_words.py 或 text_buttons.py 里。
typed-cancel = 取消
typed-yes = 确认
typed-again = 再来
typed-fix = 改好再来
typed-language = 语言 { $language }

state-sent-as-reply = 已经给你了，要再看就发它的代码。
