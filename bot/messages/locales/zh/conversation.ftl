# 草稿和报价：各种聊天里说的是一样的话，有的用按钮，有的用编号。

ask-words =
    做这个视频需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }，确定要做吗？
ask-forward =
    这段文字是转发的，不是你自己写的。做成视频需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }，确定要做吗？
ask-heard =
    我听到的是上面这句。做成视频需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }，确定要做吗？
ask-asks =
    这句话像是在提问。如果要做成视频，需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }，确定要做吗？
ask-photo =
    用你刚才发的素材来做，需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }，这样做吗？
ask-many =
    只做第一张，需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }。只做第一张，还是每张各做一个？
ask-instead =
    你改了消息，{ $other } 还没有扣费。改成做这个吗？需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }。
ask-edited =
    你改了消息，不过 { $other } 已经按原来的文字在做了。要另外再做这个吗？需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }。

offer-words = “{ $prompt }”
offer-words-long = “{ $start }…”共 { $count } 字，全部使用
offer-replaced = 这次报价已由更新的一次代替。
offer-repeat = 还有一个等你确认（{ $job }）：“{ $what }”，{ $price }。要做回复“好”，不做回复“不要”。

button-way-without = 不用素材，{ $price }
button-way-each = 每张各做一个（{ $count } 个），共 { $price }
button-way-last = 只用最后一句，{ $price }
button-way-join = 两句合在一起，{ $price }
button-other-model = 换个模型
model-choose = 用哪个模型来做？
model-choice = { $name }，{ $price }

draft-photo =
    { $kind ->
        [video] { $count ->
            [1] 视频收到！说说想怎么改
           *[other] 收到 { $count } 个素材。用一句话说说想怎么动
        }
       *[image] { $count ->
            [1] 照片收到！说说想让它怎么动
           *[other] 收到 { $count } 张照片。用一句话说说想怎么动
        }
    }，我先报价{ KNOWN($price) ->
        [yes] （{ $count ->
            [1] 约
           *[other] 每个约
        } { $price }）
       *[no] {""}
    }，你确认才开始。不做了回复“取消”，10 分钟内有效。
draft-words = 文字记下了：“{ $words }”。可以再发一张照片，或者确认上面的报价。
draft-dropped = 好的，不做了，没有下单，也没有扣费。
draft-wishes = 记下了：{ $wishes }。想做什么样的视频？
no-but-active = { $job } 还在制作中，回复“取消 { $job }”可以停止。

said-thanks = 不客气！
said-hello = 你好！说说想看什么画面，或者发张照片给我。
said-noise = 说说想看什么画面，或者发张照片给我。回复“帮助”看更多。
said-question-how = 说说想看的画面，或者发张照片，再说想让它怎么动。我会先报价，你确认才开始。回复“帮助”看全部说明。
said-question-price = 价格看模型和时长，下单前我都会先报价。回复“价格”看价目。
said-question-time = 下单后一般一到三分钟就好。回复“状态”看进度。

photo-wanted = 要让哪张照片动起来？现在发给我就行，文字已经记下。
words-wanted = 想看什么画面？直接写给我就行。
source-unusable =
    { $what ->
        [voice] 语音我暂时听不了，请打字告诉我。
        [audio] 音频文件我用不了，请发文字、照片或视频。
        [sticker] 表情我用不了，请发文字、照片或视频。
        [location] 位置我做不成视频，请描述一下那里，或者发张照片。
        [contact] 名片我用不了，请发文字、照片或视频。
        [poll] 投票我用不了，请发文字、照片或视频。
        [dice] 骰子我用不了，请发文字、照片或视频。
        [story] 动态我用不了，请把照片或视频直接发给我。
        [paid] 付费内容我打不开，请把照片或视频直接发给我。
        [link] 链接我打不开，请把照片或视频直接发给我，或者描述一下画面。
       *[other] 这个文件我用不了，它不是照片也不是视频。请发照片、视频或文字。
    }没有下单。
album-too-many = 一次用不了这么多，我留下前 { $count } 张。用一句话说说想怎么动。
already-cancelled = { $job } 已经取消了。

toast-ordered = 已下单！
toast-not-yours = 这是别人的。
toast-gone = 这个已经失效了。

group-greeting =
    大家好！用 /视频 加几句话，我就在这里做短视频。
    本群 ID：{ $id }{ KNOWN($missing) ->
        [yes] {" "}
       *[no] {""}
    }{ $missing ->
        [no-video-right] （我在这里还不能发视频，请给我这个权限。）
        [no-right] （我在这里还不能发言，请给我这个权限。）
       *[other] {""}
    }
obstacle-no-video-right = 我在这里没有发视频的权限，所以没有接单，也没有扣费。管理员可以给我这个权限，或者私下找我。
obstacle-no-right = 视频现在发不到这里，所以没有接单，也没有扣费。管理员可以处理，或者私下找我。
obstacle-removed = 我已经不在那个群里了，所以没有接单，也没有扣费。
obstacle-topic-closed = 这个话题已关闭，视频发不到这里，没有扣费。请换个话题，或者私下找我。
