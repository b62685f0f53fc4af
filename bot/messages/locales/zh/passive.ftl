# 没有图片说明、也没有按钮的聊天：先发照片再说话，用编号代替按钮，做好的视频等人来取。

passive-start =
    你好！我能把文字和照片做成短视频。

    试试看，回复：视频 一只红狐狸在雪地里奔跑
    或者先发一张照片，再用一句话说说想让它怎么动。

    做好的视频会发给你；没收到的话，随便发条消息就能领取。
    回复“帮助”看看我还会什么。

passive-help =
    回复“视频＋想看的画面”：用文字生成视频
    例如：视频 一只红狐狸在雪地里奔跑

    先发照片，再发一句话：让照片动起来（照片保留 10 分钟）
    先发视频，再发一句话：按你说的改视频{ $sounds ->
        [yes]
            {""}
            声音文件加照片：让照片开口说；再发一句话：给这段声音配画面
       *[no] {""}
    }
    回复“文生视频＋画面”：不用照片，只用文字（不要照片了就回复“取消”）

    想要的效果写在描述前面或后面：
    高级、均衡、经济
    5秒、10秒 · 720p、1080p · 横屏、竖屏、方形
    例如：视频 雨中的纸船，高级，10秒，竖屏

    每个视频有一个编号，例如 K7：
    确认 K7 · 取消 K7 · 再来 K7 · 领取 K7
    做好的还可以：续写 K7 · 新版 K7 · 换词 K7 · 放大 K7（先报价）· 更多 K7 · 删除 K7
    回复“1”领取做好的视频
    状态 · 历史 · 模型 · 价格 · 设置 · 余额 · 语言 · 忘记我 · 帮助

passive-video-title = 你的视频做好了
passive-caption = { $caption }，编号 { $code }
passive-film = 续写 { $code } · 新版 { $code }（先报价）· 更多 { $code } · 删除 { $code }
passive-videos-wait = 📬 有 { $count } 个视频做好了，回复“1”领取。
passive-videos-left = 还有 { $count } 个视频做好了，回复“1”领取下一个。
passive-nothing-waits = 现在没有可领取的视频。回复“状态”看进度，“历史”看做过的。
passive-video-stuck = 视频 { $code } 已经做好、存好了，但暂时没能传到微信。我会继续试；过一会儿回复“{ $code }”领取。
passive-on-its-way = 正在准备视频 { $code }，马上就好。没收到的话，过半分钟再回复“{ $code }”。
passive-unconfirmed = 没收到？回复“再来 { $code }”，免费重发。
passive-again = 好的，马上再发给你一次。
passive-nothing-to-say = 好的。回复“状态”看进度。
passive-type = 👉 回复“{ $typed }”
passive-type-for = 👉 { $what }，回复“{ $typed }”

# 按钮对应的文字，写在编号前面。每个词都要在 bot/messages/command_words.py 或 text_buttons.py 里。
typed-cancel = 取消
typed-yes = 确认
typed-again = 再来
typed-fix = 改好再来
typed-erase = 确认删除
typed-forget-yes = 忘记我 确认
typed-forget-no = 忘记我 不要
typed-pick = 换模型
typed-next = 续写
typed-take = 新版
typed-pixels = 放大
typed-full = 完整版
typed-sound = 有声
typed-silent = 无声
typed-language = 语言 { $language }

state-sent-as-reply = 已经发给你了，想再看一次，回复它的编号。
