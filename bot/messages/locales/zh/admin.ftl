# 同样的错误代码，给管理员和命令行看：与用户看到的不同，写明具体的解决办法。

admin-not-configured = 没有 fal 密钥：请在环境变量或 .env 中设置 FAL_KEY（fal.ai/dashboard/keys），或者用 FAL_PROXY_URL 指向会添加密钥的代理。
admin-invalid-key = fal 拒绝了密钥（401 或 403）：请检查 FAL_KEY，在 fal.ai/dashboard/keys 新建一个，并给它 API 权限。没有产生费用。
admin-out-of-credits = fal 账户余额已用完：请在 fal.ai/dashboard/billing 充值。没有产生费用。
admin-insufficient-credits = 代理报告余额不够做这个视频（402）：请充值，或选择更便宜的模型。没有产生费用。
admin-key-locked = fal 锁定了这个账户：原因见 fal.ai/dashboard。没有产生费用。
admin-model-not-allowed = 这个密钥不能使用该模型：请从 reelbot models 的列表中另选一个，或为密钥开通该模型。
admin-endpoint-not-allowed = 代理不允许这个接口（403）：请选择它允许的模型，或把该接口加入它的名单。没有产生费用。
admin-model-not-found = fal 没有这个模型（404）：接口可能已改名或下线。请从 reelbot models 的列表中另选一个。没有产生费用。
admin-wrong-endpoint = fal 有这个模型的应用，但没有其中的这条路径：模型表中的接口写错了或已下线。请换一个模型，并报告此问题。
admin-storage-not-allowed = fal 密钥没有上传文件的权限。解决办法：在 fal.ai/dashboard/keys 为密钥开通存储权限；或者把 REELBOT_PUBLIC_URL 设为这个机器人的 https 地址，由它自己提供照片；或者把 REELBOT_FAL_ASSETS_URL 设为对外发布 output/fal_assets 文件夹的地址。
admin-asset-unreachable =
    { $reason ->
        [dns] 无法解析已发布照片的域名：请检查 REELBOT_PUBLIC_URL 或 REELBOT_FAL_ASSETS_URL。
        [private] 素材地址指向内网（{ $address }），fal 访问不到：请换成公网地址。如果只有本机这样解析（内外网分离的 DNS），则没有问题。
        [tls] 素材地址的证书无效{ KNOWN($detail) ->
            [yes] （{ $detail }）
           *[no] {""}
        }：请修复证书，或检查 REELBOT_PUBLIC_URL 或 REELBOT_FAL_ASSETS_URL。
        [refused] 素材地址没有响应：反向代理是否在运行，是否能连到 REELBOT_PORT？
        [timeout] 素材地址超时没有响应：它对外开放了吗？
        [status] 素材地址返回的状态是 { $status }，而不是 200：它提供的是 output/fal_assets 文件夹吗？
        [type] 素材地址返回的是“{ $type }”，而不是图片或视频：它提供的是 output/fal_assets 文件夹吗？前面有没有登录页？
        [content] 取回的文件与刚发布的不同：素材地址提供的是另一个文件夹，或者前面有东西改动了图片。它必须提供本机器人的 output/fal_assets 文件夹。
       *[other] 从外面取不到已发布的素材：请检查 REELBOT_PUBLIC_URL 或 REELBOT_FAL_ASSETS_URL。
    }如果本机访问不到自己的公开域名，可用 REELBOT_ASSET_CHECK=false 跳过这项检查。
admin-no-asset-host = REELBOT_ASSET_HOST 设为 folder，但不知道公开地址：请设置 REELBOT_PUBLIC_URL 或 REELBOT_FAL_ASSETS_URL，或改用 REELBOT_ASSET_HOST=auto。
admin-image-url-not-public = image_url 必须是公开的 http(s) 地址：请先发布文件（reelbot publish FILE）再用它打印的地址，或者直接给出文件。
admin-unknown-model = 未知模型“{ $model }”：reelbot models 会列出所有模型。
admin-model-retired = { $model } 已在 { $day } 停止服务：reelbot models 会列出在用的模型。
admin-model-unavailable =
    fal 现在不接受 { $model }，所以没有下单：{ KNOWN($instead) ->
        [yes] 请改用 { $instead }，或 reelbot models 列出的其他模型。
       *[no] 请选择 reelbot models 列出的其他模型。
    }reelbot models --check 会重新向 fal 查询。
admin-unpriced =
    { KNOWN($resolution) ->
        [yes] { $model } 在 { $resolution } 下没有定价，所以没有下单：请选择 reelbot models 列出的组合。
       *[no] { $model } 的这种组合没有定价，所以没有下单：请选择 reelbot models 列出的组合。
    }
admin-bad-option =
    { $option ->
        [duration] 时长必须是整数秒，至少 1 秒。
        [resolution] “{ $value }”不是清晰度：请用 720p 或 1080p 这样的写法。
        [aspect_ratio] 该模型做不了“{ $value }”这个画面比例：请用 16:9、9:16 或 1:1 这样的写法。
        [source] 请只给一张照片或一段视频。
        [image] 给出的文件不是图片。
        [video] 给出的文件不是视频。
       *[other] 选项 { $option } 不合适：{ $value }。
    }
admin-prompt-missing = 提示词是空的。
admin-invalid-input =
    { KNOWN($field) ->
        [yes] fal 拒绝了请求中的字段“{ $field }”。
       *[no] fal 拒绝了请求。
    }请修改提示词或选项；reelbot models 会显示每个模型支持什么。
admin-price-changed = 源视频比说的长：价格会是 { $price }，比报价贵。没有下单。
admin-unknown-request = 本地记录和已知模型的 fal 应用中都没有请求“{ $request_id }”：请检查这个编号和 FAL_KEY。
admin-too-many-pictures = { $model } 最多用 { $most } 张照片：请少给几张。
admin-source-not-supported = { $model } 不支持 { $mode }，也没有替代模型：请选择支持它的模型，例如 { $able }。
admin-source-unavailable = 读不到照片或视频：路径对吗？如果来自聊天，则是聊天服务器没有给出文件。
admin-unsupported-media =
    { $what ->
        [edits] 视频的剪辑列表里有变速或停顿：请导出成新的文件。
        [dolby-vision] 杜比视界 profile 5 的视频，只有授权的播放器认得它的颜色：请导出成 SDR 或 HLG。
        [svg] 矢量图（SVG），不是照片：请另存为 JPEG 或 PNG。
       *[other] 读不了这种文件：照片支持 JPEG、HEIC、PNG、WebP、AVIF、GIF、BMP，视频支持 MP4、MOV、WebM、MKV、M4V，扩展名要对得上。
    }
admin-unreadable-media = 文件读不了，可能损坏了。请重新保存，或者换一个。
admin-truncated-media = 文件不完整，缺了结尾。请重新复制一份。
admin-file-too-large =
    { KNOWN($max_bytes) ->
        [yes] 文件太大，最大 { SIZE($max_bytes) }。
       *[no] { KNOWN($max_size) ->
            [yes] 文件太大，该模型最大支持 { SIZE($max_size) }。
           *[no] { KNOWN($max_megapixels) ->
                [yes] 图片的像素太多，这种文件最多 { $max_megapixels }00 万像素。
               *[no] { KNOWN($max_side) ->
                    [yes] 视频的画面太大，每边最多 { $max_side } 像素。
                   *[no] 文件太大，超过了该模型的上限。
                }
            }
        }
    }请做得小一些。
admin-image-too-small =
    { KNOWN($min_width) ->
        [yes] 照片太小，该模型要求每边至少 { $min_width } 像素。
       *[no] 照片太小，该模型用不了。
    }
admin-video-too-long =
    { KNOWN($max_duration) ->
        [yes] 视频太长，该模型最多支持 { $max_duration } 秒。
       *[no] 视频太长，超过了该模型的上限。
    }
admin-audio-too-long =
    { KNOWN($max_duration) ->
        [yes] 声音太长，该模型最多支持 { $max_duration } 秒。
       *[no] 声音太长，超过了该模型的上限。
    }
admin-audio-too-short =
    { KNOWN($min_duration) ->
        [yes] 声音太短，该模型至少要 { $min_duration } 秒。
       *[no] 声音太短，该模型用不了。
    }
admin-video-too-short =
    { KNOWN($min_duration) ->
        [yes] 视频太短，该模型至少要 { $min_duration } 秒。
       *[no] 视频太短，该模型用不了。
    }
admin-bad-reference =
    { KNOWN($status) ->
        [yes] 照片或视频无法获取或使用（状态 { $status }）：请给出公开地址，或本地的 JPEG 或 MP4 文件。
       *[no] 照片或视频无法获取或使用：请给出公开地址，或本地的 JPEG 或 MP4 文件。
    }
admin-content-policy-violation = 没有通过模型的内容审核；如果已经生成，可能已经扣费。请换个说法，或换一张图片。
admin-generation-failed = fal 或其背后的模型出错，通常不会扣费。请缩短提示词或换一个模型，再试一次。
admin-downstream-service-error = fal 背后的模型出错，常常是因为参考素材：请重新编码或调整尺寸（16:9 最稳妥），重新发布后再试。通常不会扣费。
admin-fal-busy = fal 暂时不再接受这个账户的请求；没有下单，也没有产生费用。请过几分钟再试。
admin-fal-unavailable =
    { KNOWN($status) ->
        [yes] fal 的响应不正常（状态 { $status }）
       *[no] fal 没有响应
    }：请检查网络、FAL_QUEUE_URL 和 FAL_PROXY_URL{ KNOWN($request_id) ->
        [yes] 。订单仍然有效：“reelbot poll { $request_id }” 可再次询问，不另收费。
       *[no] ，然后重试。
    }
admin-submit-not-sent = 连不上 fal，所以没有下单，也没有产生费用：请检查网络、FAL_QUEUE_URL、FAL_PROXY_URL 和 FAL_CA_FILE，然后重试。
admin-submit-unknown = 提交后没有得到明确的答复：视频可能已下单并扣费。请到 fal.ai/dashboard/requests 查看；reelbot poll REQUEST_ID 可以取回。程序不会自动再次提交。
admin-still-running =
    { KNOWN($request_id) ->
        [yes] fal 还在生成。稍后取回：reelbot poll { $request_id }
       *[no] fal 还在生成。稍后用 reelbot poll REQUEST_ID 取回。
    }
admin-result-expired = fal 已不再保存结果，很可能已经扣费。如仍需要，请重新下单。
admin-download-failed =
    { KNOWN($status) ->
        [yes] 没能完整取回做好的视频（状态 { $status }）。它已付费：请尽快用 reelbot poll REQUEST_ID 再取一次，fal 只保存有限的时间。
       *[no] 没能完整取回做好的视频。它已付费：请尽快用 reelbot poll REQUEST_ID 再取一次，fal 只保存有限的时间。
    }
admin-video-broken = 做好的文件无法播放，重新取回也没有用，很可能已经扣费。reelbot poll REQUEST_ID 可再试一次。
admin-disk-full = 输出文件夹所在的磁盘已满：请腾出空间，或设置 REELBOT_OUTPUT_DIR。已生成的视频仍可用 reelbot poll REQUEST_ID 取回。
