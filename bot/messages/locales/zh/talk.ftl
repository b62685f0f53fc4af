# 机器人被问到时说的话：问候、帮助、列表、提示。

start =
    你好！我能把文字和图片变成短视频，直接发到这个聊天里。

    试试看：/video 一只红狐狸在雪地里奔跑
    也可以发一张照片，并在说明文字里写上你想让它怎么动。

    发送 /help 查看我会做的一切。

help =
    /video 加上你想看的画面：用文字生成视频
    /video 一只红狐狸在雪地里奔跑

    照片加说明文字：我让照片动起来。
    视频加说明文字：我按你说的改视频。
    在群里，说明文字请以 /video 开头，或者用 /video 回复一张照片。

    可选项，写在描述的前面或后面：
    premium、balanced、budget（画质与价格：高级、均衡、经济）
    5s、10s 或 5秒、10秒（时长）
    480p、720p、1080p（清晰度）
    16:9、9:16、1:1 或 横屏、竖屏、方形（画幅）
    seed 7（用同一个数字，结果变化更小）
    --model veo（列表中的任意模型）
    例如：/video 雨中的纸船，premium，10秒，竖屏

    /status：正在制作的视频
    /cancel：取消视频
    /history：你最近的视频
    /again：重新发送视频，或重做失败的视频
    /models：所有模型
    /price：查询价格，例如 /price premium 10s
    /settings：没有另外说明时我用的选项，例如 /settings 模型 veo
    /balance：花了多少，还剩多少
    /language：English 或中文
    /help：查看这份说明

    也可以直接用中文：视频、状态、取消、历史、模型、价格、设置、语言、帮助。

unknown-command = 没有 /{ $word } 这个命令。发送 /help 看看我会做什么。
unknown-command-suggestion = 没有 /{ $word } 这个命令。你是想用 /{ $suggestion } 吗？发送 /help 看看我会做什么。
plain-text-hint =
    想做视频，请写 /video 加上你想看的画面，例如：
    /video 一只红狐狸在雪地里奔跑
    也可以发一张照片，配上说明文字。发送 /help 了解更多。

prompt-missing =
    想看什么画面呢？请写在 /video 后面，例如：
    /video 一只红狐狸在雪地里奔跑
photo-needs-prompt = 照片不错！想让它怎么动？请加上说明文字再发一次，或者用 /video 加几句话回复这张照片。
video-needs-prompt = 想怎么改这段视频？请加上说明文字再发一次，或者用 /video 加几句话回复它。

status-none = 现在没有正在制作的视频。写 /video 加上你想看的画面就能开始。
status-line = { $job }：{ $state }“{ $prompt }”

history-none = 还没有视频。写 /video 加上你想看的画面，做出第一个吧。
history-title = 你最近的视频（时间为 UTC）：
history-line =
    { $job }，{ $when }{ KNOWN($price) ->
        [yes] ，{ $price }
       *[no] {""}
    }：{ $state }“{ $prompt }”

models-title = 所有模型，以及约 5 秒视频的价格：
models-line =
    { KNOWN($tier) ->
        [yes] • { $tier }{ $tier ->
            [budget] （经济）
            [balanced] （均衡）
            [premium] （高级）
           *[other] {""}
        }：{ $name }
       *[no] • { $name }（--model { $key }）
    }{ KNOWN($price) ->
        [yes] ，{ $price }
       *[no] {""}
    }{ KNOWN($duration) ->
        [yes] （{ $duration } 秒）
       *[no] {""}
    }{ INCLUDES($modes, "video-to-video") ->
        [yes] ，也能改视频
       *[no] {""}
    }

price-title = 视频价格：
price-line =
    • { $model }{ KNOWN($duration) ->
        [yes] ，{ $duration } 秒
       *[no] {""}
    }{ KNOWN($resolution) ->
        [yes] ，{ $resolution }
       *[no] {""}
    }：{ $price }
price-note = 加上模型、时长或清晰度就能查到对应价格：/price premium 10s 1080p。修改你自己的视频，按视频长度计价。

language-choose = 希望我用哪种语言？
language-set = 好的，以后我和你说中文。
language-unknown = 我还不会“{ $asked }”。English 还是中文？
button-language-en = English
button-language-zh = 中文

stranger =
    这是一个私人机器人，你还不在名单上。想使用的话，请把你的 ID 发给管理员：
    { $id }
    管理员用 /admin allow 或 REELBOT_ACCESS 设置就能让你使用。你的消息没有被保存，只记下了你的 ID、显示的名字和时间。
group-stranger =
    这是一个私人机器人，你和这个群都不在名单上。想使用的话，请把下面任意一个 ID 发给管理员：
    { $id }（只有你）
    { $chat }（群里所有人）
    管理员用 /admin allow 或 REELBOT_ACCESS 设置就能让你使用。你的消息没有被保存，只记下了你的 ID、显示的名字和时间。

too-much-waits = 消息太多，我一下子处理不过来：这里已有 { $count } 条在排队，你最新的几条没有保存。请等我回复后，把缺的再发一次。没有保存的消息不会产生任何购买。
internal-error = 我们这边出了点问题，没能处理你的消息。没有产生任何费用。请过一分钟再试一次。
job-unreadable = 你的任务 { $job } 的记录暂时读不了。任务会保留，不会重复收费，运营者已收到通知。
job-unreadable-free = 你的任务 { $job } 没能开始：它的记录读不了。没有产生费用。请重新发送你的请求。

command-video = 用文字、照片或视频生成视频
command-status = 正在制作的视频
command-cancel = 取消视频
command-history = 你最近的视频
command-models = 所有模型和价格
command-price = 查询视频价格
command-language = English 或中文
command-help = 我会做什么，附例子
