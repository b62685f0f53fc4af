# 关于一个任务：下单、调整、进度、结果。

ack =
    🎬 已接单：{ $model }{ KNOWN($duration) ->
        [yes] ，{ $duration } 秒
       *[no] {""}
    }{ KNOWN($resolution) ->
        [yes] ，{ $resolution }
       *[no] {""}
    }{ $sound ->
        [on] ，有声
        [off] ，无声
       *[none] {""}
    }{ KNOWN($shape) ->
        [yes] ，{ $shape }
       *[no] {""}
    }，{ $price }，编号 { $job }。
ack-up-to =
    🎬 已接单：{ $model }{ KNOWN($duration) ->
        [yes] ，{ $duration } 秒
       *[no] {""}
    }{ KNOWN($resolution) ->
        [yes] ，{ $resolution }
       *[no] {""}
    }{ $sound ->
        [on] ，有声
        [off] ，无声
       *[none] {""}
    }{ KNOWN($shape) ->
        [yes] ，{ $shape }
       *[no] {""}
    }，最多 { $price }，编号 { $job }。
caption =
    { $model }{ KNOWN($duration) ->
        [yes] ，{ $duration } 秒
       *[no] {""}
    }{ KNOWN($resolution) ->
        [yes] ，{ $resolution }
       *[no] {""}
    }{ $sound ->
        [on] ，有声
        [off] ，无声
       *[none] {""}
    }{ KNOWN($price) ->
        [yes] ，{ $price }
       *[no] {""}
    }

length-unknown = 还不知道你发的有多长，这里按最长的算；短一些的视频更便宜。

refusals-charged = 即使被该模型自己的审核拒绝，厂商也可能照样收费。

adjusted-duration = 该模型做不了 { $asked } 秒，改为最接近的 { $used } 秒。
adjusted-resolution = 该模型没有 { $asked }，改为最接近的 { $used }。
adjusted-aspect-ratio = 该模型做不了 { $asked } 的画面比例，改为最接近的 { $used }。
adjusted-model = { $asked } 做不了这种视频，改用 { $used }，价格已按它计算。
adjusted-model-unavailable = { $asked } 目前不能用，改用 { $used }，价格已按它计算。
adjusted-prompt = 文字超过了该模型的上限，只用前面的部分。
adjusted-seed = 该模型用不了种子 { $asked }，改为最接近的 { $used }。
adjusted-sound =
    { $used ->
        [on] 该模型的成片都有声音，关不掉。
       *[off] 该模型做不出声音，成片是无声的。
    }
adjusted-words = 该模型不看文字：只看照片和录音。
adjusted-sound-alone = 一张照片配一段录音做一个视频：你另外发的 { $asked } 个没有用上。
adjusted-sound-ends = 你的录音只在前一段里：接着的部分是模型自己的声音。
adjusted-photos-frames = 首尾帧要正好两张照片，能做的都列在下面。
adjusted-photos-frames-two = 这个模型不支持首尾帧，能做的都列在下面。
adjusted-photos-likeness = 这个模型不能把几张照片放进一个视频，能做的都列在下面。
adjusted-other = { $asked } 改为 { $used }。
adjusted-source = 已按该模型的要求调整了你的照片或视频。
adjusted-source-padded = 画面太小或太细长，已加上边框，这样模型才能用。
adjusted-dropped =
    { $field ->
        [duration] 成片和你发的一样长，不能另选 { $asked } 秒。
        [resolution] 该模型只有一种清晰度，选不了 { $asked }。
        [aspect_ratio] 用照片或视频来做时选不了 { $asked }，成片的画面比例和原来的一样。
        [seed] 该模型不支持种子，{ $asked } 没有作用。
        [photos] 照片不到两张，关于几张照片的要求没有作用。
       *[other] 你的要求里有一项该模型不支持，会照其余的来做。
    }

state-queued =
    { $place ->
        [0] 正在排队，做好会发到这里。
        [1] 正在排队，下一个就是你。
       *[other] 正在排队，第 { $place } 位。
    }
state-no-room = 先等一等：存放视频的空间暂时不够，有空间后会自动开始，在此之前不会扣费。
state-preparing = 正在准备…
state-submitting = 正在下单…
state-fal-queue =
    { $position ->
        [0] 已下单，正在等空闲的机器。
        [1] 已下单，在视频服务那边排第一位。
       *[other] 已下单，在视频服务那边排第 { $position } 位。
    }
state-rendering =
    { MINUTES($elapsed) ->
        [0] 正在生成，已用 { SECONDS($elapsed) } 秒…
       *[other] 正在生成，已用 { MINUTES($elapsed) } 分 { SECONDS($elapsed) } 秒…
    }
card-made = 正在制作，做好后发到这里。
usual-under = 一般不到一分钟。
usual-about = 一般需要约 { $minutes } 分钟。
usual-between = 一般需要 { $least } 到 { $most } 分钟。
card-folded = 编号 { $job }：{ $state }
card-below = 编号 { $job }：详情见下面的消息。
state-long-running = 还在生成。这一个比较慢，做好后会马上发给你。
state-downloading = 生成好了，正在下载…
state-ready = 视频好了，马上发给你…
state-uploading = 正在发送视频…
state-delivered = 已完成。
state-undelivered = 视频做好了，只是暂时发不出去。已经存好，我会继续试着发给你。
state-delivery-unconfirmed =
    视频已发出，但没有收到确认。{ CHAT() ->
        [words] 没收到的话，可以免费重发。
       *[buttons] 没收到的话，请按“重新发送”，不再收费。
    }
state-submit-unconfirmed = 视频服务没有确认这一单，可能已扣费；有结果会马上发给你。为免重复扣费，我不会自动重新下单；想重做，请再发一次。
state-parked = 视频服务对这一单的答复不正常，先放在一边。我会继续查询，视频一到就发给你，不会重复收费。
order-unconfirmed = 视频服务还没有确认这一单。我会继续等、继续查，不会重复下单，你不用做什么；视频一到就发给你。
state-failed = 没有成功。
state-cancelled = 已取消。
state-cancelled-free = 已取消，没有产生费用。
state-deleted = 已删除。

cancelled-free = 编号 { $job } 已取消，没有产生费用。
cancel-requested-running = 已申请取消。不过视频已经开始生成，可能仍会扣费；如果还是做出来了，会照常发给你。
cancel-too-late = 编号 { $job } 已经结束，来不及取消了。如果视频做好了，会发给你。
cancel-nothing = 没有可以取消的视频。
cancel-which = 有几个视频正在制作，要取消哪一个？
job-unknown =
    没有找到编号 { $job }。{ CHAT() ->
        [words] 回复“状态”看进度，“历史”看做过的。
       *[buttons] 发送 /status 看进度，/history 看做过的。
    }

button-cancel =
    { CHAT() ->
        [words] 不想做了
       *[buttons] 取消
    }
button-resend =
    { CHAT() ->
        [words] 没收到，免费重发
       *[buttons] 重新发送
    }
button-ask-again =
    { CHAT() ->
        [words] 再查一次，免费
       *[buttons] 再查一次
    }
