# /admin、陌生人通知、暂停下单，以及群里的花费。

operator-only = 这是给管理员用的。
operator-account = 只看这个微信账号：
operator-account-only = 你是这个微信账号的管理员，这个操作要整个机器人的管理员才能做。
operator-private = 这个我只在私聊里回答，请私聊我再发一次。
operator-unknown =
    没有 { -admin } { $asked }。可以用：
    { $words }
operator-lacks = 少了点什么，或者多了点什么。请这样写：{ $usage }
operator-is-paused = 新订单已暂停（由 { $user } 暂停）。
operator-counts = 申请使用：{ $strangers } · 等待的订单：{ $waiting } · 制作中：{ $running } · 24 小时内失败：{ $failed }
operator-words =
    还可以：
    { $words }
operator-usage =
    { CHAT() ->
        [words] { $name ->
            [waiting] 管理 等待
            [running] 管理 任务
            [failed] 管理 失败
            [spent] 管理 花费
            [stop] 管理 停止 K7QX2AB
            [pause] 管理 暂停
            [resume] 管理 恢复
            [access] 管理 名单
            [allow] 管理 允许 { $somebody }
            [remove] 管理 移除 { $somebody }
           *[other] { $usage }
        }
       *[buttons] { $usage }
    }
operator-more = ……还有 { $count } 个

operator-strangers = 申请使用的人：
operator-strangers-none = 没有人申请使用。
operator-stranger-line =
    • { $id }{ KNOWN($name) ->
        [yes] “{ $name }”
       *[no] {""}
    }{ KNOWN($chat) ->
        [yes] （群 { $chat }）
       *[no] {""}
    }，{ $when }
operator-queue = 排队或等待确认的订单，按人：
operator-queue-none = 没有等待的订单。
operator-queue-line = • { $user }：{ $count }
operator-running = 制作中：
operator-running-none = 没有正在制作的视频。
operator-running-line = • { $job }，{ $user }，{ $model }：{ $state }
operator-failed = 24 小时内失败的：
operator-failed-none = 24 小时内没有失败的。
operator-failed-line = • { $job }，{ $user }，{ $when }：{ $code }
operator-spent-line =
    • { $user }：{ $spent }{ KNOWN($held) ->
        [yes] ，预留 { $held }
       *[no] {""}
    }

operator-no-job = 没有任务 { $job }。
operator-stopped = 任务 { $job } 已停止，没有产生费用，也已告诉本人。
operator-stopping = 已请视频服务停止 { $job }，但仍可能扣费。已告诉本人。
operator-stop-late = 任务 { $job } 已经结束，或者来不及停止了。
operator-paused = 新订单已暂停，发 { -admin } resume（管理 恢复）后继续。已经离开队列的会做完。
operator-paused-already = 新订单本来就暂停着。
operator-resumed = 又可以下单了。
operator-not-paused = 没有暂停过。

operator-access = 可以使用这个机器人的：
operator-access-open = • 所有人（设置 REELBOT_ACCESS）
operator-access-admin = • { $id }，管理员（设置 REELBOT_ADMINS）
operator-access-owner = • { $id }，自己那个微信账号的管理员（扫码登录）
operator-access-admin-code = • { $id }，管理员（{ $when } 用一次性验证码）
operator-code-taken = 你现在是这个机器人的管理员了。发 { -admin } 看看管理员能做什么。
operator-code-void = 这个验证码不对，或者已经失效。运行机器人的人可以用“reelbot setup”得到新的。
operator-access-setting = • { $id }（设置 REELBOT_ACCESS）
operator-access-let-in = • { $id }（{ $user } 于 { $when } 允许）
operator-access-moved = • { $new }（就是设置 REELBOT_ACCESS 里的群 { $old }，它的 ID 已改，请改成新的）
operator-access-cap = • { $id }：24 小时内已用 { $used }，单独限额 { $cap }
operator-access-default-cap = 其他每个群 24 小时内可用 { $cap }（设置 REELBOT_GROUP_DAILY_USD）。
operator-no-chat = 没有叫“{ $name }”的聊天。有：{ $names }。
operator-bad-id = { $id } 不是那个聊天的 ID。谁给机器人发消息，机器人就会把 ID 告诉谁。
operator-allowed = { $id } 现在可以使用这个机器人了。
operator-allowed-already = { $id } 之前已经允许过了。
operator-allowed-by-setting = 按设置，{ $id } 本来就可以使用。
operator-removed = { $id } 不能再使用这个机器人了。正在制作的会做完。
operator-not-let-in = { $id } 没有在这里被允许过。
operator-not-let-in-by-you = { $id } 不是你允许的：只有整个机器人的管理员能移除。
operator-setting-allows = { $id } 是设置（REELBOT_ACCESS 或 REELBOT_ADMINS）允许的，只有运营者能改设置。
operator-cap = 从现在起，{ $id } 24 小时内可用 { $cap }。
operator-cap-off =
    { $id } 不再有单独的限额。{ KNOWN($cap) ->
        [yes] 按设置的 { $cap } 计算。
       *[no] 设置里没有群的限额。
    }
operator-cap-no-group = { $id } 是个人，这种限额只给群用。
operator-help =
    管理员，私聊可用：
    { -admin }：谁在等、在做什么、花了多少；停止、暂停、允许别人使用

button-allow = 允许 { $id }
let-in = 你现在可以使用这个机器人了。{ -send-help }看看我会做什么。
stopped-by-admin = 管理员停止了你的视频 { $job }。没有产生费用。
stopping-by-admin = 管理员要求停止你的视频 { $job }，结果会在这里告诉你。
orders-paused = 管理员暂停了新订单。没有下单，也没有扣费，请稍后再试。
state-paused = 正在等待：运营者暂停了新订单。还没有产生费用。
alert-stranger =
    { KNOWN($name) ->
        [yes] “{ $name }”（{ $id }）
       *[no] { $id }
    }想使用这个机器人{ KNOWN($chat) ->
        [yes] ，在群 { $chat } 里
       *[no] {""}
    }。允许请发：{ -admin } allow { $id }
alert-new-admin = { $user } 用“reelbot setup”的验证码成为了机器人的管理员。如果你不认识这个人，请发：{ -admin } 移除 { $user }
alert-group-moved = 群 { $old } 升级成了超级群，现在的 ID 是 { $new }。它的设置、视频和额度都跟着过去了。设置 REELBOT_ACCESS 或 REELBOT_ADMINS 里还是旧 ID，请改成新的。改之前，这个群照常能用。
alert-strangers = 今天申请使用的人太多，不再逐个通知。发 { -admin } waiting（管理 等待）查看。
command-admin = 谁在等、在做什么、花了多少；允许别人使用

over-group-cap =
    { KNOWN($free_at) ->
        [yes] 这个视频要 { $price }，而本群 24 小时内的额度 { $cap } 还剩 { $left }。{ $free_at } 以后就又有额度了。
       *[no] { $fits ->
            [no] 这个视频要 { $price }，超过了本群 24 小时的额度 { $cap }。请选短一些或便宜一些的，{ -send-price }查看价格。
           *[yes] 这个视频要 { $price }，而本群 24 小时内的额度 { $cap } 还剩 { $left }。等本群正在制作的视频结束后就又有额度了。
        }
    }
over-user-cap-in-group = 这超过了你现在可以花的额度，所以没有下单。请私聊我发 { -balance } 查看具体数字。
balance-told = 你自己的余额已经私聊发给你了。
balance-ask-in-private = 你自己的余额只在私聊里说：请私聊我发 { -balance }。
balance-group =
    最近 24 小时本群花了 { $spent }{ KNOWN($held) ->
        [yes] ，另有 { $held } 为正在制作的视频预留
       *[no] {""}
    }。额度 { $cap }，还剩 { $left }。
balance-group-no-cap = 本群没有单独的限额。
