# 关于一个任务：下单、调整、进度、结果。

ack =
    🎬 开始制作：{ $model }{ KNOWN($duration) ->
        [yes] ，{ $duration } 秒
       *[no] {""}
    }{ KNOWN($resolution) ->
        [yes] ，{ $resolution }
       *[no] {""}
    }，{ $price }。任务 { $job }。
ack-up-to =
    🎬 开始制作：{ $model }{ KNOWN($duration) ->
        [yes] ，{ $duration } 秒
       *[no] {""}
    }{ KNOWN($resolution) ->
        [yes] ，{ $resolution }
       *[no] {""}
    }，最多 { $price }。任务 { $job }。
caption =
    { $model }{ KNOWN($duration) ->
        [yes] ，{ $duration } 秒
       *[no] {""}
    }{ KNOWN($resolution) ->
        [yes] ，{ $resolution }
       *[no] {""}
    }{ KNOWN($price) ->
        [yes] ，{ $price }
       *[no] {""}
    }

length-unknown = 我看不到你的视频有多长：这是可用最长时长的价格，短一些的视频更便宜。

adjusted-duration = { $asked } 秒改为 { $used } 秒，这是该模型支持的最接近的时长。
adjusted-resolution = { $asked } 改为 { $used }，这是该模型支持的最接近的清晰度。
adjusted-aspect-ratio = { $asked } 改为 { $used }，这是该模型支持的最接近的画幅。
adjusted-model = { $asked } 做不了这个，改由 { $used } 完成，价格以显示的为准。
adjusted-prompt = 文字已缩短到该模型能读的长度。
adjusted-seed = 种子 { $asked } 改为 { $used }，这是该模型支持的最接近的值。
adjusted-other = { $asked } 改为 { $used }。
adjusted-source = 已按该模型的要求调整了你的照片或视频。
adjusted-source-padded = 照片太小或太长，已为它加上边距，以符合该模型的要求。
adjusted-dropped =
    { $field ->
        [duration] 时长由你的视频决定，不能另外指定。
        [resolution] 该模型只有一种清晰度，你指定的清晰度没有用上。
        [aspect_ratio] 画幅由你的照片或视频决定，你指定的画幅没有用上。
        [seed] 该模型不支持种子，你指定的种子没有用上。
       *[other] 有一个选项该模型不支持，没有用上。
    }

state-queued =
    { $place ->
        [0] 正在排队。
        [1] 正在排队，下一个就是你。
       *[other] 正在排队，第 { $place } 位。
    }
state-no-room = 正在等待：机器人现在没有空间存放视频。有空间后会自动开始，在此之前不会扣费。
state-preparing = 正在准备…
state-submitting = 正在下单…
state-fal-queue =
    { $position ->
        [0] 已下单，等待空闲的机器。
        [1] 已下单，在视频服务那边排第一位。
       *[other] 已下单，在视频服务那边排第 { $position } 位。
    }
state-rendering =
    { MINUTES($elapsed) ->
        [0] 正在生成，已用 { SECONDS($elapsed) } 秒…
       *[other] 正在生成，已用 { MINUTES($elapsed) } 分 { SECONDS($elapsed) } 秒…
    }
state-long-running = 还在生成。这一个比较慢，做好后会马上发给你。
state-downloading = 已生成，正在取回视频…
state-ready = 视频已到，马上发送…
state-uploading = 正在发送视频…
state-delivered = 已完成。
state-undelivered = 视频已做好，但现在发不到这个聊天。我会保存好并继续尝试。
state-delivery-unconfirmed = 视频已发出，但没有收到确认。如果你没收到，请按“重新发送”，不会再收费。
state-submit-unconfirmed = 视频服务没有确认这个订单，可能已经扣费。如果结果出来，会发给你。除非你要求，不会再次购买；想重新做，请再发一次你的请求。
state-parked = 视频服务对这个任务的答复不正常，我先把它放在一边，会继续询问；视频一到就发给你，不会重复收费。
order-unconfirmed = 视频服务还没有确认这个订单。我会继续等待和查找；不会重复购买，你什么都不用做。视频一到就发给你。
state-failed = 没有成功。
state-cancelled = 已取消。
state-cancelled-free = 已取消，没有产生费用。

cancelled-free = 任务 { $job } 已取消，没有产生费用。
cancel-requested-running = 正在取消。视频服务已经开始工作，这一个可能仍会扣费；如果它还是做完了，视频会发给你。
cancel-too-late = 任务 { $job } 已经结束，来不及取消了。如果视频做好了，会发给你。
cancel-nothing = 没有可以取消的视频。
cancel-which = 有好几个视频正在制作，要取消哪一个？
job-unknown = 你没有任务 { $job }。发送 /status 或 /history 查看你的任务。

button-cancel = 取消
button-resend = 重新发送
button-ask-again = 再问一次
