# 钱：失败花了多少、购买前的确认、重做、限额、/balance，以及给管理员的话。

charge-nothing = 没有下单，也没有扣费。
charge-none = 没有产生费用。
charge-yes = 已扣费（{ $price }）。
charge-possibly = 可能已扣费（{ $price }），先计入你的额度。

up-to = 最多 { $price }
about-price = 约 { $price }
ask-price =
    做这个视频{ KNOWN($up_to) ->
        [yes] 最多需要
       *[no] 需要
    } { $price }，确定下单吗？
ask-same =
    同样的视频已经在做了（编号 { $other }）。再做一个{ KNOWN($up_to) ->
        [yes] 最多需要
       *[no] 需要
    } { $price }，确定下单吗？
ask-again =
    重新做一次{ KNOWN($up_to) ->
        [yes] 最多需要
       *[no] 需要
    } { $price }，确定下单吗？
ask-gone =
    刚才报价的做法现在做不了了，这是最接近的。做这个视频{ KNOWN($up_to) ->
        [yes] 最多需要
       *[no] 需要
    } { $price }，确定下单吗？
ask-restored =
    机器人刚从备份恢复，查不到这个视频之前有没有下过单。现在下单{ KNOWN($up_to) ->
        [yes] 最多需要
       *[no] 需要
    } { $price }；如果之前已经下过单，就会扣两次钱。确定下单吗？
ask-waits = 报价 30 分钟内有效，确认之前不会扣费。
state-awaiting-confirmation = 等待你确认。
button-change =
    改成新的文字（{ KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }）
button-yes =
    下单（{ KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }）
button-no =
    { CHAT() ->
        [words] 不想做了
       *[buttons] 不做了
    }
confirm-which = 有几个订单等你确认，要做哪一个？
confirm-nothing = 现在没有待确认的订单。
confirm-late = 编号 { $job } 不用再确认了：{ $state }
confirm-started = 好的，已下单，编号 { $job }，做好就发给你。
offer-lapsed = 30 分钟没有确认，这次报价已失效，没有扣费。
offer-declined = 好的，这次不做了，没有扣费。

over-user-cap =
    { KNOWN($free_at) ->
        [yes] 这个视频要 { $price }，你 24 小时的额度 { $cap } 只剩 { $left }，{ $free_at } 起恢复。
       *[no] { $fits ->
            [no] 这个视频要 { $price }，超过了你 24 小时的额度 { $cap }。请选短一些或便宜一些的，{ -send-price }查看价格。
           *[yes] 这个视频要 { $price }，你 24 小时的额度 { $cap } 只剩 { $left }。等正在做的视频结束后再试。
        }
    }
over-all-cap =
    { KNOWN($free_at) ->
        [yes] 这个视频要 { $price }，而这个机器人 24 小时的预算已用完，{ $free_at } 起又可以下单。
       *[no] { $fits ->
            [no] 这个视频要 { $price }，超过了这个机器人 24 小时的预算。请选短一些或便宜一些的，{ -send-price }查看价格。
           *[yes] 这个视频要 { $price }，而这个机器人 24 小时的预算已用完。等正在做的视频结束后再试。
        }
    }
balance =
    最近 24 小时你花了 { $spent }{ KNOWN($held) ->
        [yes] ，另为正在做的视频预留了 { $held }
       *[no] {""}
    }。额度 { $cap }，还剩 { $left }。
balance-all =
    所有人合计：花了 { $spent }{ KNOWN($held) ->
        [yes] ，预留 { $held }
       *[no] {""}
    }，预算 { $cap }，还剩 { $left }。
command-balance = 花了多少，还剩多少
command-continue = 接着最近的视频往下拍
command-again = 重新发送视频，或重做失败的视频
command-delete = 永久删除做好的视频
command-forget = 清除你的全部内容

again-none = 没有可以重发或重做的视频。{ -send-history }查看做过的。
again-asks-fal = 我这就去再查一次编号 { $job }，不收费。视频一到就发到这里。
again-on-its-way = 编号 { $job } 还没结束：{ $state }
again-gone = 编号 { $job } 的视频过了保存期限，已经清理了。想要的话，{ -send-video }重新做。
button-true-price = 按实际长度重新报价
button-again =
    再试一次（{ KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }）
button-fix-shorter-prompt =
    文字简单些再试（{ KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }）
button-fix-wide-photo =
    照片改成 16:9 再试（{ KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }）
button-buy-again =
    重新下单（{ KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }）
fallback-other = 这次做法稍有不同。
fallback-shorter-prompt = 这次用简单些的文字：“{ $prompt }”
fallback-wide-photo = 这次把你的照片改成 16:9。
repeat-of = 重做编号 { $other }。

alert-doubt = { $user } 的任务 { $job }：fal 没有回应订单，可能已扣费 { $price }。任务已搁置；24 小时内如果找到结果，会照常发送。请查看 fal.ai/dashboard/requests。
alert-parked = { $user } 的任务 { $job }（{ $price }）：fal 已有十分钟没有给出可理解的答复：{ $reason }。任务已搁置，不占用名额；在 fal 保留文件期间会继续询问。用 "reelbot job { $job }" 查看，用 "reelbot poll" 加请求编号可立即询问。
alert-no-receipt = 无法在输出目录的 receipts 文件夹写入回执（{ $reason }），因此不会下单：请腾出空间，或给程序写权限。
admin-parked = fal 没有给出可理解的答复（{ $odd }）。任务 { $job } 已下单并付费，现已搁置：“reelbot poll { $request_id }” 可再次询问，不另收费；正在运行的机器人会继续询问。
alert-undelivered = { $user } 的任务 { $job } 做好了，但暂时发不出去：{ $reason }。视频已保存，会继续重试；用户发“再来 { $job }”也能取回。
alert-unconfirmed = 任务 { $job } 的视频已发给 { $user }，但微信一直没有确认，对方一小时内也没有说话。先按已送达处理，视频还存着；对方回复“再来 { $job }”可以免费重发。
alert-works-again = fal 又可以下单了。
alert-spent =
    { $percent ->
        [100] 机器人 24 小时内的预算（{ $cap }）已用完，新的订单要等有额度时再下。
       *[other] 机器人 24 小时内的预算已用 { $percent }%：{ $used } / { $cap }。
    }
alert-problem = 机器人有部分工作暂时做不了：{ $problem }。原因消除后会自动继续，无需重启，任务不会丢失。
alert-hangs = 机器人有一部分卡住了：{ $problem }。如果它还没有自动重启，请重启机器人；任务不会丢失。
alert-problems-over = 机器人已恢复正常工作。
alert-disk = 输出目录所在磁盘只剩 { $free } MB。腾出空间之前不会下单。
alert-unsigned = 视频没有签上名（C2PA）。原因请运行 "reelbot doctor" 查看。
alert-unreadable = { $chat } 有一条已保存的消息，这个版本读不了，已搁置；它还在消息表里，日志写明了是哪一行。其他消息照常处理。
alert-unreadable-job = { $user } 的任务 { $job } 已付费，但这个版本读不了它的记录（{ $reason }）。任务已搁置，内容都保留着；换上能读的版本后会自动继续。其他任务照常进行。
alert-unreadable-free = { $user } 的任务 { $job } 这个版本读不了（{ $reason }）。没有产生费用；任务已结束，为它预留的金额已释放。
alert-set-aside = { $user } 在 { $chat } 的一条消息处理三次都失败，已搁置。对方已收到说明；原因请看日志。
alert-charged-after-all = { $user } 的任务 { $job } 原以为没有产生费用，但 fal 扣了 { $price }。现在已计入花费。
alert-odd-charge = 任务 { $job }：fal 前面的代理说扣了 { $said } 个额度，这不可能是它的价格。这个数已忽略，仍按报价 { $price } 计算。请查看代理自己的账目。
alert-film-of-another = { $user } 的任务 { $job } 拿到的是任务 { $owner } 的视频，两者的要求完全相同：{ $job } 先在 fal 的列表里找到了那个请求，fal 给 { $owner } 的答复后来才到。{ $owner } 也会收到视频，并承担这一笔费用。{ $job } 自己的订单（{ $price }）结果不明：账上记为没有花费、“可能已扣费”。请查看 fal.ai/dashboard/requests。
alert-drift = fal 对 { $model } 的收费与机器人的报价不同：24 小时内 { $count } 个任务报价共 { $quoted }，fal 实际扣费 { $charged }（{ $percent }%）。请看 reelbot spend --by model。
alert-models-changed = fal 更改了机器人在用的模型：
alert-models-back = 以下模型 fal 已恢复原样，重新开放：
alert-models-more = ……另有 { $count } 项：reelbot doctor 会全部列出。
alert-models-all-gone = 按 fal 自己的列表，{ $of } 项里有 { $count } 项同时下线或变更。暂不采信：什么都没有改，机器人一小时后再查一次。
alert-models-all-gone-again = fal 的列表一小时内第二次显示 { $of } 项里有 { $count } 项下线或变更。现在采信，暂停使用，等之后查到恢复再开放。reelbot doctor 会列出它们。
alert-unit-prices = fal 公布的单价与上次不同。机器人仍按自己的价格表报价：请与 fal.ai 上各模型的页面核对。
alert-unit-price-line =
    • { $model }：{ $before } → { $now }{ KNOWN($percent) ->
        [yes] （{ $percent }%）
       *[no] {""}
    }
alert-odd-unit-price = • { $row }：fal 标的是 { $price }，与这一项的任何价格都不同。请对照 fal.ai 上该模型的页面。
model-and-mode = { $model }，{ $mode }
mode-text-to-video = 文字做视频
mode-image-to-video = 照片做视频
mode-video-to-video = 修改视频
mode-first-last-frame-to-video = 首尾两张照片做视频
mode-reference-to-video = 参考照片做视频
mode-extend-video = 续写视频
mode-upscale-video = 提升清晰度
mode-enhance-draft = 草稿转正片
alert-model-line = • { $row }：{ $what }
alert-model-deprecated = fal 已将它标为弃用。
alert-model-unknown = fal 已经没有这个模型。
alert-model-field-gone = fal 去掉了 { $field } 这一项。
alert-model-value-gone =
    fal 不再接受原来的 { $field }{ KNOWN($values) ->
        [yes] （{ $values }）
       *[no] {""}
    }。
alert-model-bound-moved = fal 更改了 { $field } 的范围（{ $values }）。
alert-model-required-new = fal 现在要求填写 { $field }。
alert-model-then =
    { $off ->
        [off] 恢复之前不再使用；已下单的视频照常进行。
       *[less] 其余部分照常使用。
    }
alert-balance = fal 账户还剩 { $left }，少于 { $need }（24 小时的预算，或已预留的金额）。请到 fal.ai/dashboard/billing 充值。
alert-forget-at-fal = fal 不接受用 FAL_ADMIN_KEY 删除，文字和结果还留在那边。请在 fal.ai/dashboard/keys 新建一个 ADMIN 权限的密钥；一天后再试，换了密钥马上就试。
alert-admin-key = fal 拒绝了 FAL_ADMIN_KEY，账单无法读取。请在 fal.ai/dashboard/keys 新建一个 ADMIN 权限的密钥。
alert-database-stamped = 这个数据库是恢复的备份。其中等待的订单会先查找、再下单；查不到时会询问用户。备份之后的订单、付款和发送它都不知道：视频可能会重复发送，花费限额也会从较低的数开始。请看 README 的 “Backup and restore”。
alert-database-older = 数据库比输出目录里的文件旧（其中有 { $files } 份回执的订单它不认识），因此按恢复的备份处理。等待的订单会先查找、再下单；查不到时会询问用户。如果正确的数据库在别处，请先停止机器人，再换回去。请看 README 的 “Backup and restore”。
alert-database-new = 数据库是新的，但输出目录里有 { $files } 份回执和视频属于它不认识的任务。如果之前有过数据库，它已经丢失：请停止机器人，恢复最近的备份。否则不用处理：历史和花费限额从零开始。请看 README 的 “Backup and restore”。
