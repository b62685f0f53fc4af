# 每个错误代码一条：发生了什么、接下来怎么办。给用户看。有没有花钱由 money.ftl 补充。

error-not-configured = 这个机器人还没有连接视频服务。请告诉管理员。
error-invalid-key = 视频服务没有接受这个机器人的账户。请告诉管理员。
error-out-of-credits = 这个机器人在视频服务的账户余额已用完。请告诉管理员，稍后再试。
error-insufficient-credits = 这个机器人的账户余额不够做这个视频。请告诉管理员，或者换短一些、便宜一些的，{ -send-price }查看价格。
error-key-locked = 这个机器人在视频服务的账户被锁定了。请告诉管理员。
error-model-not-allowed = 这个机器人的账户用不了这个模型。请换一个，{ -send-models }查看全部。
error-endpoint-not-allowed = 这个机器人的账户用不了这个模型。请换一个，{ -send-models }查看全部。
error-model-not-found = 视频服务目前不提供这个模型。请换一个，{ -send-models }查看全部。
error-wrong-endpoint = 这个模型目前不支持这种用法。请换一个，{ -send-models }查看全部。
error-storage-not-allowed = 你的文件没能交给视频服务：这个机器人还没有可以放文件的地方。请告诉管理员；只用文字做视频不受影响。
error-asset-unreachable = 视频服务没能取到你的文件。请告诉管理员；只用文字做视频不受影响。
error-no-asset-host = 你的文件没能交给视频服务：这个机器人还没有公开地址。请告诉管理员；只用文字做视频不受影响。

error-image-url-not-public = 这个地址从外面打不开。请直接把文件发给我。
error-unknown-model = 没有“{ $model }”这个模型。{ -send-models }查看全部。
error-model-retired = { $model } 已在 { $day } 停止服务，请换一个模型。{ -send-models }查看全部。
error-model-unavailable =
    { $model } 暂时用不了。{ KNOWN($instead) ->
        [yes] 可以改用 { $instead }，或者换一个模型，{ -send-models }查看全部。
       *[no] 请换一个模型（{ -send-models }查看全部），或者明天再试。
    }
error-unpriced = 这个组合没有定价，所以没有下单。请换一种清晰度或模型，{ -send-models }查看全部。
error-bad-option =
    { $option ->
        [duration] 这个时长做不了。请写整数秒，例如 5秒 或 10秒。
        [resolution] 没有“{ $value }”这种清晰度。请写 720p 或 1080p 这样的。
        [aspect_ratio] 该模型做不了“{ $value }”的画面比例。请写 16:9、9:16 或 1:1 这样的。
        [source] 请只给一张照片或一段视频，不要两样都给。
        [image] 这里要用照片，收到的是视频。
        [video] 这里要用视频，收到的是照片。
       *[other] 有一项要求写得不对。{ -send-help }查看写法。
    }
error-prompt-missing =
    想看什么画面呢？{ CHAT() ->
        [words] 请写在“视频”后面，例如：视频 一只红狐狸在雪地里奔跑
       *[buttons] 请写在 /video 后面，或者写在照片的说明文字里。
    }
error-prompt-too-long =
    { KNOWN($max_length) ->
        [yes] 文字太长了，该模型最多支持 { $max_length } 个字符。
       *[no] 文字太长，超过了该模型的上限。
    }请缩短一些。
error-invalid-input = 视频服务没有接受这个请求。请改一改文字或要求再试。
error-price-changed = 你的视频比原来以为的长，改它要 { $price }，比报给你的贵。可以按这个价格做，也可以发一段短一些的。
error-unknown-request = 视频服务没有这个请求。

error-unsupported-media =
    { $what ->
        [edits] 这个视频的剪辑方式我读不了：变过速，或者中间有停顿。请导出成新的视频再发。
        [dolby-vision] 这个视频的杜比视界格式只有授权的播放器才能显示。请导出成普通（非 HDR）视频再发。
        [svg] 这是矢量图（SVG），不是照片。请另存为 JPEG 或 PNG。
       *[other] 我读不了这种文件。照片支持 JPEG、HEIC、PNG、WebP、AVIF、GIF、BMP，视频支持 MP4、MOV、WebM、MKV、M4V。
    }
error-unreadable-media = 这个文件打不开，可能损坏了。请重新发送，或者换一个。
error-truncated-media = 这个文件不完整，缺了结尾。请重新发送。
error-file-too-large =
    { KNOWN($max_bytes) ->
        [yes] 文件太大了，最大 { SIZE($max_bytes) }。
       *[no] { KNOWN($max_size) ->
            [yes] 文件太大了，该模型最大支持 { SIZE($max_size) }。
           *[no] { KNOWN($max_megapixels) ->
                [yes] 图片的像素太多，这种文件最多 { $max_megapixels }00 万像素。
               *[no] { KNOWN($max_side) ->
                    [yes] 视频的画面太大，每边最多 { $max_side } 像素。
                   *[no] 文件太大，超过了该模型的上限。
                }
            }
        }
    }{ KNOWN($max_megapixels) ->
        [yes] 请直接作为照片发送，不要当文件发；也可以先存成小一些的 JPEG。
       *[no] 请换一个小一些的。
    }
error-image-too-small =
    { KNOWN($min_width) ->
        [yes] 照片太小，该模型要求每边至少 { $min_width } 像素。
       *[no] 照片太小，该模型用不了。
    }请换一张大一些的。
error-image-aspect-ratio = 照片太细长，该模型用不了。请裁得接近方形一些再试。
error-video-too-long =
    { KNOWN($max_duration) ->
        [yes] 视频太长，该模型最多支持 { $max_duration } 秒。
       *[no] 视频太长，超过了该模型的上限。
    }请换一段短一些的。
error-audio-too-long =
    { KNOWN($max_duration) ->
        [yes] 录音太长，该模型最多支持 { $max_duration } 秒。
       *[no] 录音太长，超过了该模型的上限。
    }请换一段短一些的。
error-audio-too-short =
    { KNOWN($min_duration) ->
        [yes] 录音太短，该模型至少要 { $min_duration } 秒。
       *[no] 录音太短，该模型用不了。
    }请换一段长一些的。
error-video-too-short =
    { KNOWN($min_duration) ->
        [yes] 视频太短，该模型至少要 { $min_duration } 秒。
       *[no] 视频太短，该模型用不了。
    }请换一段长一些的。
error-film-gone = 要用的那个视频已经不在了。
error-chain-too-long = 整段视频会超过 { $max_duration } 秒，做不了这么长。可以接着短一些的视频来做。
error-large-enough = 这个视频已经有 { $resolution } 那么清晰了。
error-draft-gone = 视频服务没有保留这个草稿，没法直接做成完整版。可以照原样重新做完整的，画面可能略有不同。
error-too-many-pictures = { $model } 最多用 { $most } 张照片。请少发几张，或换一个模型，{ -send-models }查看全部。
error-source-not-supported =
    { $mode ->
        [audio-to-video] { $model } 做不了录音配的视频。{ $able } 可以。
       *[other] { $model } 用不了你发来的内容。{ -send-models }看看哪些模型可以。
    }
error-source-unavailable = 没能从聊天里取到你的照片或视频。请重新发送。
error-preparation-budget = 过去一小时里，处理你的视频已占用大量计算时间，这一个需要等一等。请在 { $minutes } 分钟后再试。
error-bad-reference = 视频服务用不了这张照片或这段视频。请换一个，照片用 JPEG，视频用 MP4。

error-content-policy-violation = 没有通过该模型的内容审核。请换个说法或换张图片；真人照片经常通不过。
error-no-media-generated = 模型没有做出视频。请稍微换个说法再试。
error-face-detection-error = 没有找到能用的人脸。请换一张照片，最好只有一个人，脸要清楚。
error-generation-failed = 这个视频没做成。请再试一次，文字短一些、简单一些；也可以换个模型，{ -send-models }查看全部。
error-generation-timeout = 生成超时，这次没做成。请再试一次，时长短些或清晰度低些。
error-downstream-service-error = 模型生成时出错了，多半是图片的原因。请换张照片（最好 16:9），或稍后再试。
error-upstream-unavailable = 视频服务暂时出了故障。请过几分钟再试。
error-fal-busy = 视频服务现在很忙，没有接单。请过几分钟再试。
error-fal-unavailable = 视频服务暂时没有响应。请过几分钟再试。
error-submit-not-sent = 没能连上视频服务，所以没有下单。请过几分钟再试。
error-submit-unknown = 视频服务没有确认这一单，可能已扣费；有结果会马上发给你。为免重复扣费，我不会自动重新下单；想重做，请再发一次。
error-still-running = 还在生成。这一个比较慢，做好后会马上发给你。
error-result-expired = 很抱歉，视频服务那边已经不再保存这个视频了。想要的话，需要重新做一个。

error-download-failed = 视频生成好了，但没能取回来。请告诉管理员，也许还能找回。
error-video-broken = 做好的视频传回来时损坏了，重新取也不行。请告诉管理员，或者重新做一个。
error-disk-full = 这个机器人存放视频的空间满了。请告诉管理员。
error-cancelled = 已取消。
error-unknown = 这个视频出了问题，具体原因不清楚。请稍后再试，或告诉管理员。
