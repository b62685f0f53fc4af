# 报价、草稿、闲聊：从想法到下单之间说的话。

offer-replaced = 内容有变，请看下面的新报价。这一份作废，没有扣费。
offer-shape = { $what }，{ $shape }
offer-repeat =
    还有一份报价等你确认：{ $what }，{ $price }。{ CHAT() ->
        [words] 要做就回复“确认 { $code }”，不要就回复“取消 { $code }”。
       *[buttons] 要做就说“好”，不要就说“不要”。
    }
draft-photo =
    { $kind ->
        [video] { $count ->
            [1] 视频收到！说说想怎么改。
           *[other] 收到 { $count } 段视频！用一句话说说想怎么改。
        }
       *[image] { $count ->
            [1] 照片收到！说说想让它怎么动。
            [2] 收到 2 张照片！用一句话说说第一张怎么变到第二张，或者想怎么动。
           *[other] 收到 { $count } 张照片！用一句话说说想怎么动。
        }
    }我先报价{ KNOWN($price) ->
        [yes] （{ $count ->
            [1] {""}
           *[other] 每个
        }{ $price }）
       *[no] {""}
    }，你确认才开始。不做了就回复“取消”，10 分钟内有效。
draft-sound =
    录音收到！发一张照片，我让它开口说；或者用一句话说说配什么画面。我先报价{ KNOWN($price) ->
        [yes] （{ $price }）
       *[no] {""}
    }，你同意了才开始。回复“取消”就不做；先替你留 10 分钟。
sound-film = 我能让照片说出你的录音，视频还不行。请发一张照片，或者用文字说说配什么画面。回复“取消”就不做。
sound-words = 对着镜头说话，口型和声音一致。
from-sound =
    { $photo ->
        [yes] 用你的照片说出你的录音。
       *[no] 用你的录音作声音。
    }
frames-words = 两个画面自然衔接，平滑地变化
draft-words = 这句话记下了：“{ $words }”。要配照片的话，10 分钟内发来就行。
draft-dropped = 好的，不做了，没有扣费。
draft-wishes = 记下了：{ $wishes }。下一个视频就按这个来，说说想看什么画面，或者发张照片。
no-but-active =
    { $job } 还在做。想停掉它，{ CHAT() ->
        [words] 回复“取消 { $job }”。
       *[buttons] 发送 /cancel { $job }
    }
said-thanks = 不客气！想再做视频，随时告诉我。
said-hello = 你好！想看什么画面，直接告诉我，也可以先发张照片。我先报价，你确认才开始。
said-bye = 再见！想做视频，随时找我。
said-question-how = 说说想看的画面就行，例如：一只红狐狸在雪地里奔跑。也可以先发照片，再说想让它怎么动。我先报价，你确认才开始。{ -send-help }看全部用法。
said-question-price =
    { KNOWN($price) ->
        [yes] 5 秒左右的视频要 { $price }，换模型、时长或清晰度，价格会不同。
       *[no] 价格要看模型、时长和清晰度。
    }每次都先报价，你确认才扣费。{ -send-price }看各种价格。
said-question-time = 一般几分钟就好，做好马上发给你。{ -send-status }看进度。
said-noise = 想做视频的话，说说想看什么画面，或者发张照片。
photo-wanted =
    好的，请发照片，{ KNOWN($price) ->
        [yes] 收到就开始做（{ $price }）。
       *[no] 收到就开始做。
    }不做了就回复“取消”。
photo-wanted-addressed =
    群里单独发的照片到不了我这里。请在同一条消息里放上照片并 @我，或者引用那张照片再 @我，{ KNOWN($price) ->
        [yes] 收到就开始做（{ $price }）。
       *[no] 收到就开始做。
    }不做了就 @我 说“取消”。
from-photos =
    { $how ->
        [frames] 用你发的 { $count } 张照片：从第一张变到第二张。
       *[likeness] 用你发的 { $count } 张照片：把里面的人或物放进一个视频。
    }
from-source =
    { $kind ->
        [video] 用你发的视频。
       *[image] 用你发的照片。
    }
second-command = 这条消息里还有一条指令：“{ $second }”。我一次只看一条，所以这次什么都没做，也没有扣费。请分开发。
words-wanted = 想看什么画面？一句话就够。
source-unusable =
    { $what ->
        [sticker] 表情我用不了。
        [voice] 语音我暂时听不了，请打字告诉我。
        [audio] 音频我用不了。
        [location] 位置我用不了。
        [contact] 名片我用不了。
        [poll] 投票我用不了。
        [dice] 骰子我用不了。
        [story] 动态我打不开。
        [paid] 付费内容我打不开。
        [link] 链接我打不开。
       *[file] 这种文件我用不了。
    }{ $what ->
        [voice] {""}
       *[other] 请发照片或视频，或者用文字说说想看的画面。
    }没有下单。
button-other-model = 换个模型
album-too-many = 一次最多 { $most } 张，你发了 { $count } 张，先留下前 { $most } 张。其余的请稍后再发。
already-cancelled = { $job } 之前已经取消了。
toast-ordered = 已下单
toast-not-yours = 这是别人的视频
toast-gone = 这个已经不在了
kept-in-private = 这个视频群里发不了，所以单独发给你。
group-greeting =
    大家好！{ -send-video }，我就做成视频。
    本群 ID：{ $id }{ $missing ->
        [no-video-right] {""}
            我在这里还不能发视频，请群管理员打开权限；否则视频会单独发给下单的人。
        [no-right] {""}
            我在这里还不能发言，请群管理员允许我发消息和视频。
        [topic-closed] {""}
            这个话题关闭了，请重新打开，或者在别的话题里用我。
       *[none] {""}
    }

ask-words =
    做这个视频需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }，确定要做吗？
ask-lone =
    我没看到照片：群里单独发的照片到不了我这里。请把照片和这句话放在同一条消息里并 @我，或者引用那张照片再 @我。不用照片、只按文字做需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }，要这样做吗？
ask-forward =
    这段文字是转发的，不是你自己写的。做成视频需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }，确定要做吗？
ask-quoted =
    你回复的那条消息没有算进来。做这个视频需要 { KNOWN($up_to) ->
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
ask-speak =
    让这张照片说出你的录音，{ KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] 需要 { $price }
    }。做吗？想换个说法也可以直接说。
ask-frames =
    从第一张照片变到第二张，做成一个视频，需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }，要做吗？
ask-likeness =
    把这 { $count } 张照片里的人或物放进同一个视频，需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }，要做吗？
ask-each =
    每张照片各做一个，共 { $count } 个，一共 { $price }，要做吗？
ask-unable =
    { $most ->
        [0] { $model } 一次只能用一张照片
       *[other] { $model } 一个视频最多用 { $most } 张照片
    }。你发了 { $count } 张，只做第一张需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }。只做第一张，还是用别的做法？
ask-many =
    只做第一张，需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }。只做第一张，还是每张各做一个？
ask-first =
    只做第一张，需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }。每张各做一个会超出现在的额度。要做第一张吗？
ask-one =
    这里一次只能用一个，只用第一个来做需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }，要做吗？其余的先留着，等你下一句话。
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
offer-words = 内容：“{ $prompt }”
offer-words-long = “{ $start }…”共 { $count } 字，全部使用
model-choose = 用哪个模型来做？
model-choice = { $name }，{ $price }
obstacle-no-video-right = 我在这里没有发视频的权限，所以没有接单，也没有扣费。管理员可以给我这个权限，或者私下找我。
obstacle-no-right = 视频现在发不到这里，所以没有接单，也没有扣费。管理员可以处理，或者私下找我。
obstacle-removed = 我已经不在那个群里了，所以没有接单，也没有扣费。
obstacle-topic-closed = 这个话题已关闭，视频发不到这里，没有扣费。请换个话题，或者私下找我。
button-way-alone = 只用文字（{ $price }）
button-way-without = 不用照片（{ $price }）
button-way-frames =
    从第一张变到第二张{ KNOWN($model) ->
        [yes] ，{ $model }
       *[no] {""}
    }（{ $price }）
button-way-likeness =
    { $count } 张放进一个视频{ KNOWN($model) ->
        [yes] ，{ $model }
       *[no] {""}
    }（{ $price }）
button-way-first = 只做第一张（{ $price }）
button-way-each = 每张做一个，共 { $count } 个（{ $price }）
button-way-last = 只用最后一句（{ $price }）
button-way-quoted = 和那条消息合在一起（{ $price }）
button-way-join = 和前面的话合在一起（{ $price }）
button-take =
    再来一版，{ KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }
button-continue =
    续写，{ KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }
button-upscale =
    放大到 { $size }，{ KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }
button-full =
    完整版{ KNOWN($size) ->
        [yes] {""}（{ $size }）
       *[no] {""}
    }，{ KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }
button-sound =
    重做有声版，{ KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }
button-silent =
    重做无声版，{ KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }
button-full-anew = 重新做完整的
button-more = 更多…
film-more =
    视频 { $job } 还可以：{ CHAT() ->
        [words] {""}
            换一句话：“换词 { $job }”；换个模型：“换模型 { $job }”；不要了：“删除 { $job }”。
       *[buttons] {""}
    }
film-step =
    { $step ->
        [continue] 接着 { $film } 往下拍，做好后连成一整段发给你。
        [upscale] { $film } 的高清版。
        [enhance] 草稿 { $film } 的完整版。
        [full] { $film } 的清晰版。
        [sound] { $film } 重做一遍，有声。
       *[silent] { $film } 重做一遍，无声。
    }
film-is-so = 视频 { $job } 已经是这样了，或者它的模型不能选。
film-none = 你在这里还没有做好的视频。说说想看什么画面，我先报价。
film-not-yet = { $job } 还在做，做好以后再说一次就行。如果说的是别的视频，请带上它的编号。
film-kept =
    { $kind ->
        [upscale] 高清版只提高清晰度（1080p 或 4k），别的都和原来一样。
       *[other] 完整版的内容和草稿一样，改不了别的。
    }
film-joined = 整段：{ $parts }，共 { $seconds } 秒。
film-not-joined = 没能和 { $film } 连起来，这是新的一段。
ask-film =
    做这个需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }，确定要做吗？
button-words =
    换句话，{ KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }
button-original = 原片
button-delete = 删除
button-erase = 确认删除
button-keep = 先留着
delete-ask =
    确定删除视频 { $job } 吗？原文件、所有副本和用来制作的照片或视频都会删掉，{ CHAT() ->
        [words] 已经发到聊天里的会留着，
       *[buttons] 聊天里的那条消息能撤的也会撤掉，
    }删了就找不回来，已扣的费用不退。
delete-kept = 好的，视频 { $job } 留着。
deleted-now =
    视频 { $job } 已删除，副本和用来制作的素材也一起删了。{ CHAT() ->
        [words] 已经发到聊天里的，请自己删掉。
       *[buttons] {""}
    }
deleted-stays = 视频 { $job } 已删除，不过聊天里的那条消息我撤不掉了，请自己删一下。
was-deleted = 视频 { $job } 已经被你删除了，不能再发，也不能再用。
button-forget =
    { CHAT() ->
        [words] 全部清除
       *[buttons] 全部清除
    }
button-forget-no =
    { CHAT() ->
        [words] 全都留着
       *[buttons] 全都留着
    }
forget-ask =
    { $place ->
        [group] 要清除你在这个群里做过的内容吗？
       *[all] 要清除你的全部内容吗？
    }我这里有你的 { $films } 个做好的视频、{ $orders } 个订单。视频、照片和文字会从这里永久清除，{ $place ->
        [group] 只清除这个群里的。
       *[all] 你的设置和草稿也一起清除。
    }还在等的会取消；{ $running ->
        [0] 现在没有正在做的视频。
       *[other] 正在做的 { $running } 个视频费用照算，不再发给你，一做完就清除。
    }
    会留下的：付款的金额和日期（不含文字）、聊天里我撤不回的内容、运营者已做的数据库备份，以及视频服务方那边的{ $fal ->
        [goes] 已上传照片和视频（大约一天）；文字和结果会在那边一并删除。
       *[other] 文字和结果（大约一个月）、已上传的照片和视频（大约一天）。
    }
forget-kept = 好的，什么都没清除，一切照旧。
forgotten-now =
    { $place ->
        [group] 正在清除你在这个群里做过的内容。
       *[all] 正在清除你的全部内容。
    }{ $running ->
        [0] 稍等片刻就好。
       *[other] 正在做的，做完就清除；如果视频服务方一直没有答复，最多要一天。
    }
    聊天里我撤不回的视频和消息会留在那里，请自己删除；数据库备份到期才会消失。
    { $fal ->
        [goes] 视频服务方那边的文字和结果，我也会在每个订单结清后让它们删掉；只有已上传的照片和视频还会留大约一天。
        [refused] 视频服务方现在不让我删除那边的东西：已经告诉运营者，我会继续试。否则文字和结果大约一个月后到期，已上传的照片和视频大约一天后到期。
       *[stays] 视频服务方那边我删不了：文字和结果大约一个月后到期，已上传的照片和视频大约一天后到期。
    }
    想用的时候随时再来，一切从头开始。
film-which = 是哪个视频？请带上编号，或者直接回复那个视频。
film-foreign = 这个只能用我做好的视频来做，从这条引用里认不出是哪一个。请带上它的编号。
original-caption = { $job } 的原片
file-coming = { $job } 的原片马上发来。
file-not-here = 这里发不了文件，原片没法发过来。
file-too-large = { $job } 的原片太大，这里发不了。上面的视频已经是能发的最好版本。
file-not-sent = { $job } 的原片没有发成，请稍后再试。
caption-code = { $what }，编号 { $code }
