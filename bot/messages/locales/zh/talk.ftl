# 机器人被问到时说的话：问候、帮助、列表、提示。

start =
    { CHAT() ->
        [words]
            你好！我能把文字和照片做成短视频，直接发到这个聊天里。

            试试看，回复：视频 一只红狐狸在雪地里奔跑
            也可以先发一张照片，再用一句话说说想让它怎么动。

            回复“帮助”看看我还会什么。
       *[buttons]
            你好！我能把文字和照片做成短视频，直接发到这个聊天里。

            试试看：/video 一只红狐狸在雪地里奔跑
            也可以发一张照片，在说明文字里写上想让它怎么动。

            发送 /help 看看我还会什么。
    }

start-job = 好了，现在我可以在这里给你发消息了。你的视频：
button-open-once = 点一次“开始”，我才能私聊你

help =
    { CHAT() ->
        [words]
            回复“视频＋想看的画面”：用文字生成视频
            例如：视频 一只红狐狸在雪地里奔跑

            先发照片，再发一句话：让照片动起来。
            先发视频，再发一句话：按你说的改视频。
            声音文件加照片：让照片开口说。先发声音文件，再发一句话：给这段声音配画面。
            在群里请 @我：把照片放在同一条消息里，或者引用那张照片。

            想要的效果，写在描述的前面或后面：
            高级、均衡、经济（画质与价格）
            5秒、10秒（时长）
            480p、720p、1080p（清晰度）
            横屏、竖屏、方形（画面比例）
            种子 7（用同一个数字，结果变化更小）
            模型 veo（列表中的任意模型）
            例如：视频 雨中的纸船，高级，10秒，竖屏

            状态：正在制作的视频
            取消：取消视频
            历史：你最近的视频
            续写：接着做好的视频往下拍，例如：续写 K7QX2AB 她转过身来
            再来：重新发送视频，或重做失败的视频
            放大：把做好的视频变清晰，例如：放大 K7QX2AB 到 4k
            删除：删除做好的视频，例如：删除 K7QX2AB
            灵感：可以加的运镜和风格
            模型：所有模型
            价格：查询价格，例如：价格 高级 10秒
            设置：没有另外说明时我用的选项，例如：设置 模型 veo
            余额：花了多少，还剩多少
            语言：切换语言
            忘记我：清除你的全部内容
            帮助：这份说明
       *[buttons]
            /video 加上你想看的画面：用文字生成视频
            /video 一只红狐狸在雪地里奔跑

            照片加说明文字：让照片动起来。
            视频加说明文字：按你说的改视频。
            声音文件（在 Telegram 里也可以是语音）加照片：让照片开口说。加文字：给这段声音配画面。
            在群里，说明文字请以 /video 开头，或者用 /video 回复一张照片。

            想要的效果，写在描述的前面或后面：
            premium、balanced、budget（画质与价格：高级、均衡、经济）
            5s、10s 或 5秒、10秒（时长）
            480p、720p、1080p（清晰度）
            16:9、9:16、1:1 或 横屏、竖屏、方形（画面比例）
            seed 7（用同一个数字，结果变化更小）
            --model veo（列表中的任意模型）
            例如：/video 雨中的纸船，premium，10秒，竖屏

            /status：正在制作的视频
            /cancel：取消视频
            /history：你最近的视频
            /continue：接着做好的视频往下拍，例如 /continue K7QX2AB 她转过身来
            /again：重新发送视频，或重做失败的视频
            /delete：删除做好的视频，例如 /delete K7QX2AB
            /ideas：可以加的运镜和风格
            /models：所有模型
            /price：查询价格，例如 /price premium 10s
            /settings：没有另外说明时我用的选项，例如 /settings 模型 veo
            /balance：花了多少，还剩多少
            /language：切换语言
            /forget：清除你的全部内容
            /help：这份说明

            也可以直接用中文：视频、状态、取消、历史、模型、价格、设置、语言、忘记我、帮助。
    }

unknown-command =
    { CHAT() ->
        [words] 没有“{ $word }”这个命令。
       *[buttons] 没有 /{ $word } 这个命令。
    }{ -send-help }看看我会什么。
unknown-command-suggestion =
    { CHAT() ->
        [words] 没有“{ $word }”这个命令。你是想用“{ $suggestion ->
            [video] 视频
            [status] 状态
            [cancel] 取消
            [history] 历史
            [again] 再来
            [confirm] 确认
            [models] 模型
            [price] 价格
            [balance] 余额
            [language] 语言
            [help] 帮助
            [start] 开始
           *[other] { $suggestion }
        }”吗？
       *[buttons] 没有 /{ $word } 这个命令。你是想用 /{ $suggestion } 吗？
    }{ -send-help }看看我会什么。
status-none = 现在没有正在做的视频。想做的话，{ -send-video }就行。
status-line = { $job }：{ $state }“{ $prompt }”

history-none = 还没有做过视频。{ -send-video }，做出第一个吧。
history-title = 你最近的视频（{ $zone }）：
history-line =
    { $job }，{ $when }{ KNOWN($price) ->
        [yes] ，{ $price }
       *[no] {""}
    }{ $free ->
        [yes] ，免费
       *[no] {""}
    }{ KNOWN($parts) ->
        [yes] ，{ $parts }
       *[no] {""}
    }：{ $state }“{ $prompt }”

models-title =
    所有模型，以及约 5 秒视频的价格{ CHAT() ->
        [words] （想用哪个，写在描述后面：高级，或者模型名）
       *[buttons] {""}
    }：
models-line =
    { KNOWN($tier) ->
        [yes] • { $tier ->
            [budget] 经济
            [balanced] 均衡
            [premium] 高级
           *[other] { $tier }
        }{ CHAT() ->
            [words] {""}
           *[buttons] （{ $tier }）
        }：{ $name }
       *[no] • { CHAT() ->
            [words] { $key }
           *[buttons] { $name }（--model { $key }）
        }
    }{ KNOWN($price) ->
        [yes] ，{ $price }
       *[no] {""}
    }{ KNOWN($duration) ->
        [yes] （{ $duration } 秒）
       *[no] {""}
    }{ KNOWN($seconds) ->
        [yes] {" "}{ $seconds }s
       *[no] {""}
    }{ KNOWN($signs) ->
        [yes] {" "}{ $signs }
       *[no] {""}
    }{ $off ->
        [all] 。暂时不可用
        [some] 。部分功能暂时不可用
       *[no] {""}
    }

models-column-name = 模型
models-column-narrow =
    { CHAT() ->
        [words] 模型 · 名称
       *[buttons] 模型 · --model
    }
models-column-length = 秒
models-column-signs = 特点
models-column-say = 怎么选
models-column-price = 约 5 秒的价格
models-column-seconds = 秒数
models-column-sound = 声音
models-column-pictures = 照片
models-column-best = 擅长
models-cell-name = { $name }
models-cell-narrow =
    { $name } · { KNOWN($tier) ->
        [yes] { $tier ->
            [budget] 经济
            [balanced] 均衡
            [premium] 高级
           *[other] { $tier }
        }
       *[no] { $key }
    }
models-cell-say =
    { KNOWN($tier) ->
        [yes] { $tier ->
            [budget] 经济
            [balanced] 均衡
            [premium] 高级
           *[other] { $tier }
        }
       *[no] { CHAT() ->
            [words] 模型 { $key }
           *[buttons] --model { $key }
        }
    }
models-cell-price =
    { $price }{ KNOWN($duration) ->
        [yes] （{ $duration } 秒）
       *[no] {""}
    }{ $off ->
        [all] 暂不可用
        [some] ，部分暂不可用
       *[no] {""}
    }
models-cell-seconds = { $seconds }
models-cell-length = { $seconds }
models-cell-sound =
    { $sound ->
        [choice] 可选
        [always] 有
       *[other] 无
    }
models-cell-signs =
    { $sound ->
        [choice] {" "}🔈
        [always] {" "}🔊
        [never] {" "}🔇
       *[other] {""}
    }{ INCLUDES($modes, "first-last-frame-to-video") ->
        [yes] {" "}2🖼
       *[no] {""}
    }{ KNOWN($references) ->
        [yes] {" "}👥{ $references }
       *[no] {""}
    }{ INCLUDES($modes, "extend-video") ->
        [yes] {" "}➕
       *[no] {""}
    }{ INCLUDES($modes, "video-to-video") ->
        [yes] {" "}✏️
       *[no] {""}
    }
models-cell-pictures =
    { INCLUDES($modes, "image-to-video") ->
        [yes] 1 张
       *[no] {""}
    }{ INCLUDES($modes, "first-last-frame-to-video") ->
        [yes] 、首尾帧
       *[no] {""}
    }{ KNOWN($references) ->
        [yes] 、参考图 { $references } 张
       *[no] {""}
    }
models-cell-best = { $best }
models-best-words = 文字成片排名前列
models-best-photos = 照片成片排名第一
models-best-cheap = 价格低
models-best-sharp = 4K 画质
models-best-long = 长视频
models-best-likeness = 同一张脸、同一件东西
models-best-continue = 续写
models-best-edit = 改视频
models-best-draft = 便宜的草稿
models-best-speak = 让照片说出你的录音
models-best-and = { $first }，{ $other }
models-signs = 🔊 有声，🔈 可选，🔇 无声 · 2🖼 首尾帧 · 👥 参考图张数 · ➕ 续写 · ✏️ 改视频

price-title = 视频价格：
price-line =
    • { $model }{ KNOWN($duration) ->
        [yes] ，{ $duration } 秒
       *[no] {""}
    }{ KNOWN($resolution) ->
        [yes] ，{ $resolution }
       *[no] {""}
    }{ $sound ->
        [on] ，有声
        [off] ，无声
       *[none] {""}
    }：{ $price }
price-column-name = 模型
price-column-seconds = 秒数
price-column-resolution = 清晰度
price-column-sound = 声音
price-column-price = 价格
price-cell-name = { $model }
price-cell-seconds = { $duration }
price-cell-resolution = { $resolution }
price-cell-sound =
    { $films ->
        [on] 有
       *[off] 无
    }
price-cell-price = { $price }
price-note =
    加上模型、时长或清晰度，就能查到对应的价格，例如：{ CHAT() ->
        [words] 价格 均衡 10秒 1080p
       *[buttons] /price 均衡 10秒 1080p
    }。修改你自己的视频，按视频长度计价。

language-choose = 希望我用哪种语言？
language-set = 好的，以后我和你说简体中文。
language-unknown = 我还不会“{ $asked }”。想用下面哪一种？

stranger =
    { CHAT() ->
        [words] 这里目前只对受邀用户开放。
       *[buttons] 这个机器人目前只对受邀用户开放。
    }想用的话，把下面这串 ID 发给管理员：
    { $id }
    你的消息没有保存，只记下了你的 ID、显示的名字和时间。
group-stranger =
    这个机器人目前只对受邀的用户和群开放。想用的话，把下面任意一个 ID 发给管理员：
    { $id }（只有你）
    { $chat }（群里所有人）
    你的消息没有保存，只记下了你的 ID、显示的名字和时间。

too-much-waits = 消息太多，我一下子处理不过来：这里已有 { $count } 条在排队，你最新的几条没有保存，也不会扣费。请等我回复后，把缺的再发一次。
internal-error = 我们这边出了点问题，没能处理你的消息，没有扣费。请过一分钟再试一次。
job-unreadable = 编号 { $job } 的记录暂时读不出来。视频会保留，不会重复扣费，管理员已收到通知。
job-unreadable-free = 编号 { $job } 没能开始：它的记录读不出来。没有扣费。请重新发一次你的要求。

command-video = 用文字、照片或视频生成视频
command-status = 正在制作的视频
command-cancel = 取消视频
command-history = 你最近的视频
command-ideas = 运镜和风格
command-models = 所有模型和价格
command-price = 查询视频价格
command-language = 切换语言
command-help = 我会什么，附例子

ideas-title = 运镜、风格和光线。单独发一个，就加到你没确认的报价后面，价格不变；也可以自己写在描述后面：红狐狸在跑，推镜头
ideas-camera = 运镜
ideas-style = 风格
ideas-light = 光线
ideas-alone = “{ $phrase }”要写在描述后面。先写发生什么，例如：红狐狸在雪地里跑，{ $phrase }
ideas-there = 已经写了“{ $phrase }”。
idea-push-in = 推镜头
idea-pull-out = 拉镜头
idea-orbit = 环绕镜头
idea-tracking = 跟拍
idea-pan = 摇镜头
idea-crane-up = 升镜头
idea-aerial = 航拍
idea-handheld = 手持镜头
idea-close-up = 特写镜头
idea-slow-motion = 慢动作
idea-time-lapse = 延时摄影
idea-cinematic = 电影感
idea-film-grain = 胶片颗粒感
idea-anime = 动漫风格
idea-clay = 黏土动画
idea-watercolour = 水彩风格
idea-ink = 水墨风格
idea-monochrome = 黑白画面
idea-vintage = 复古录像带质感
idea-cyberpunk = 赛博朋克风格
idea-golden-hour = 黄昏暖光
idea-backlit = 逆光拍摄
idea-neon = 霓虹灯光
idea-mist = 清晨薄雾
