# 每个错误代码一条：发生了什么、接下来怎么办。给用户看。有没有花钱由 money.ftl 补充。

error-not-configured = 这个机器人还没有连接视频服务。请告诉管理员。
error-invalid-key = 视频服务没有接受这个机器人的账户。请告诉管理员。
error-out-of-credits = 这个机器人在视频服务的账户余额已用完。请告诉管理员，稍后再试。
error-insufficient-credits = 这个机器人的账户余额不够做这个视频。请告诉管理员，或者换一个更短、更便宜的（/price）。
error-key-locked = 这个机器人在视频服务的账户被锁定了。请告诉管理员。
error-model-not-allowed = 这个机器人的账户不能使用该模型。请换一个模型（/models）。
error-endpoint-not-allowed = 这个机器人的账户不能使用该模型。请换一个模型（/models）。
error-model-not-found = 视频服务目前不提供该模型。请换一个模型（/models）。
error-wrong-endpoint = 视频服务不认识该模型的这种用法。请换一个模型（/models），并告诉管理员。
error-storage-not-allowed = 没能把你的文件交给视频服务，因为这个机器人没有地方发布它。请告诉管理员；只用文字生成视频不受影响。
error-asset-unreachable = 视频服务没能从这个机器人取到你的文件。请告诉管理员；只用文字生成视频不受影响。
error-no-asset-host = 没能把你的文件交给视频服务，因为这个机器人没有公开地址。请告诉管理员；只用文字生成视频不受影响。

error-image-url-not-public = 这个地址从外面访问不到。请直接把文件发给我。
error-unknown-model = 我不认识模型“{ $model }”。发送 /models 查看所有模型。
error-unpriced = 我不知道这个组合的价格，所以没有购买。请换一种清晰度或模型（/models）。
error-bad-option =
    { $option ->
        [duration] 这个时长无法下单。请用秒数写，例如 5秒 或 --duration 8。
        [resolution] 我不认识清晰度“{ $value }”。请写成 720p 或 1080p 这样的形式。
        [aspect_ratio] 该模型做不了“{ $value }”这个画幅。请写成 16:9、9:16 或 1:1 这样的形式。
        [source] 请只给一张照片或一段视频，不要两样都给。
        [image] 这里需要照片，收到的是视频。
        [video] 这里需要视频，收到的是照片。
       *[other] 有一个选项不合适。发送 /help 查看选项的写法。
    }
error-prompt-missing = 想看什么画面呢？请写在 /video 后面，或者写在照片的说明文字里。
error-prompt-too-long =
    { KNOWN($max_length) ->
        [yes] 文字太长了，该模型最多能读 { $max_length } 个字符。
       *[no] 文字对该模型来说太长了。
    }请缩短一些。
error-invalid-input = 视频服务没有接受这个请求。请改一改文字或选项再试。
error-price-changed = 你的视频比看上去的长，修改它要 { $price }，比之前告诉你的多。请发一段短一些的。
error-unknown-request = 视频服务没有这个请求。

error-unsupported-media =
    { $what ->
        [heic] 这是 HEIC 照片，我读不了。请以照片（不要以文件）的形式发送，或者另存为 JPEG。
        [avif] 这是 AVIF 图片，我读不了。请另存为 JPEG 或 PNG。
        [svg] 这是矢量图（SVG），不是照片。请另存为 JPEG 或 PNG。
       *[other] 我读不了这种文件。照片支持 JPEG、PNG、WebP、GIF、BMP，视频支持 MP4、MOV、WebM、MKV、M4V。
    }
error-unreadable-media = 我读不了这个文件，它可能损坏了。请重新发送，或者换一个。
error-truncated-media = 这个文件不完整，缺了结尾。请重新发送。
error-file-too-large =
    { KNOWN($max_bytes) ->
        [yes] 这个文件太大了，最多 { SIZE($max_bytes) }。
       *[no] { KNOWN($max_size) ->
            [yes] 这个文件对该模型来说太大了，最多 { SIZE($max_size) }。
           *[no] { KNOWN($max_pixels) ->
                [yes] 这张图片的像素太多，最多 5000 万像素。
               *[no] { KNOWN($max_side) ->
                    [yes] 这个视频的画面太大，每边最多 { $max_side } 像素。
                   *[no] 这个文件对该模型来说太大了。
                }
            }
        }
    }请发一个小一些的。
error-image-too-small =
    { KNOWN($min_width) ->
        [yes] 这张照片太小，该模型要求每边至少 { $min_width } 像素。
       *[no] 这张照片对该模型来说太小了。
    }请发一张大一些的。
error-image-aspect-ratio = 这张照片对该模型来说太细长了。请裁得更接近方形再试。
error-video-too-long =
    { KNOWN($max_duration) ->
        [yes] 视频太长了，该模型最多支持 { $max_duration } 秒。
       *[no] 视频对该模型来说太长了。
    }请发一段短一些的。
error-video-too-short =
    { KNOWN($min_duration) ->
        [yes] 视频太短了，该模型至少需要 { $min_duration } 秒。
       *[no] 视频对该模型来说太短了。
    }请发一段长一些的。
error-source-not-supported = { $model } 处理不了你发来的内容。发送 /models 查看哪些模型支持照片和视频。
error-source-unavailable = 没能从聊天里取到你的照片或视频。请重新发送。
error-bad-reference = 视频服务用不了你的照片或视频。请换一个 JPEG 或 MP4 文件再试。

error-content-policy-violation = 该模型的内容规则拒绝了这个请求。请换个说法，或换一张图片；真人照片常常会被拒绝。
error-no-media-generated = 模型没有生成视频。请稍微换个说法再试。
error-face-detection-error = 模型没有找到可用的人脸。请换一张只有一张清晰人脸的照片。
error-generation-failed = 视频服务没能做完这个视频。请再试一次，文字可以短一些、简单一些，或者换一个模型（/models）。
error-generation-timeout = 视频服务用时太久，放弃了。请再试一次，时长短一些或清晰度低一些。
error-downstream-service-error = 视频服务背后的模型出错了，多半和图片有关。请换一张照片（最好是 16:9），或者稍后再试。
error-upstream-unavailable = 视频服务现在出了故障。请过几分钟再试。
error-fal-busy = 视频服务现在很忙，没有接单。请过几分钟再试。
error-fal-unavailable = 视频服务现在没有回应。请过几分钟再试。
error-submit-not-sent = 没能连上视频服务，所以没有下单。请过几分钟再试。
error-submit-unknown = 视频服务没有确认这个订单，可能已经扣费。除非你要求，不会再次购买；想重新做，请再发一次你的请求。
error-still-running = 还在生成。这一个比较慢，做好后会马上发给你。
error-result-expired = 视频服务已经不再保存这个视频，很抱歉。想要的话需要重新下单。

error-download-failed = 视频已经生成，但我没能取回来。请告诉管理员，也许还能找回。
error-video-broken = 做好的视频在传来时损坏了，重新取回也没有用。请告诉管理员，或者重新下单。
error-disk-full = 这个机器人没有存放视频的磁盘空间了。请告诉管理员。
error-cancelled = 已取消。
error-unknown = 这个视频出了问题，具体原因不清楚。请稍后再试，或告诉管理员。
