# Made from ../zh by tests/messages/traditional.py: change a sentence there, or a word in its CORRECTIONS.
# 報價、草稿、閒聊：從想法到下單之間說的話。

offer-replaced = 內容有變，請看下面的新報價。這一份作廢，沒有扣費。
offer-shape = { $what }，{ $shape }
offer-repeat =
    還有一份報價等你確認：{ $what }，{ $price }。{ CHAT() ->
        [words] 要做就回覆「確認 { $code }」，不要就回覆「取消 { $code }」。
       *[buttons] 要做就說「好」，不要就說「不要」。
    }
draft-photo =
    { $kind ->
        [video] { $count ->
            [1] 影片收到！說說想怎麼改。
           *[other] 收到 { $count } 段影片！用一句話說說想怎麼改。
        }
       *[image] { $count ->
            [1] 照片收到！說說想讓它怎麼動。
            [2] 收到 2 張照片！用一句話說說第一張怎麼變到第二張，或者想怎麼動。
           *[other] 收到 { $count } 張照片！用一句話說說想怎麼動。
        }
    }我先報價{ KNOWN($price) ->
        [yes] （{ $count ->
            [1] {""}
           *[other] 每個
        }{ $price }）
       *[no] {""}
    }，你確認才開始。不做了就回覆「取消」，10 分鐘內有效。
draft-sound =
    錄音收到！發一張照片，我讓它開口說；或者用一句話說說配什麼畫面。我先報價{ KNOWN($price) ->
        [yes] （{ $price }）
       *[no] {""}
    }，你同意了才開始。回覆「取消」就不做；先替你留 10 分鐘。
sound-film = 我能讓照片說出你的錄音，影片還不行。請發一張照片，或者用文字說說配什麼畫面。回覆「取消」就不做。
sound-words = 對著鏡頭說話，口型和聲音一致。
from-sound =
    { $photo ->
        [yes] 用你的照片說出你的錄音。
       *[no] 用你的錄音作聲音。
    }
frames-words = 兩個畫面自然銜接，平滑地變化
draft-words = 這句話記下了：「{ $words }」。要配照片的話，10 分鐘內發來就行。
draft-dropped = 好的，不做了，沒有扣費。
draft-wishes = 記下了：{ $wishes }。下一個影片就按這個來，說說想看什麼畫面，或者發張照片。
no-but-active =
    { $job } 還在做。想停掉它，{ CHAT() ->
        [words] 回覆「取消 { $job }」。
       *[buttons] 傳送 /cancel { $job }
    }
said-thanks = 不客氣！想再做影片，隨時告訴我。
said-hello = 你好！想看什麼畫面，直接告訴我，也可以先發張照片。我先報價，你確認才開始。
said-bye = 再見！想做影片，隨時找我。
said-question-how = 說說想看的畫面就行，例如：一隻紅狐狸在雪地裡奔跑。也可以先發照片，再說想讓它怎麼動。我先報價，你確認才開始。{ -send-help }看全部用法。
said-question-price =
    { KNOWN($price) ->
        [yes] 5 秒左右的影片要 { $price }，換模型、時長或清晰度，價格會不同。
       *[no] 價格要看模型、時長和清晰度。
    }每次都先報價，你確認才扣費。{ -send-price }看各種價格。
said-question-time = 一般幾分鐘就好，做好馬上發給你。{ -send-status }看進度。
said-noise = 想做影片的話，說說想看什麼畫面，或者發張照片。
photo-wanted =
    好的，請發照片，{ KNOWN($price) ->
        [yes] 收到就開始做（{ $price }）。
       *[no] 收到就開始做。
    }不做了就回覆「取消」。
photo-wanted-addressed =
    群裡單獨發的照片到不了我這裡。請在同一條訊息裡放上照片並 @我，或者引用那張照片再 @我，{ KNOWN($price) ->
        [yes] 收到就開始做（{ $price }）。
       *[no] 收到就開始做。
    }不做了就 @我 說「取消」。
from-photos =
    { $how ->
        [frames] 用你發的 { $count } 張照片：從第一張變到第二張。
       *[likeness] 用你發的 { $count } 張照片：把裡面的人或物放進一個影片。
    }
from-source =
    { $kind ->
        [video] 用你發的影片。
       *[image] 用你發的照片。
    }
second-command = 這條訊息裡還有一條指令：「{ $second }」。我一次只看一條，所以這次什麼都沒做，也沒有扣費。請分開發。
words-wanted = 想看什麼畫面？一句話就夠。
source-unusable =
    { $what ->
        [sticker] 貼圖我用不了。
        [voice] 語音我暫時聽不了，請打字告訴我。
        [audio] 音訊我用不了。
        [location] 位置我用不了。
        [contact] 名片我用不了。
        [poll] 投票我用不了。
        [dice] 骰子我用不了。
        [story] 動態我打不開。
        [paid] 付費內容我打不開。
        [link] 連結我打不開。
       *[file] 這種檔案我用不了。
    }{ $what ->
        [voice] {""}
       *[other] 請發照片或影片，或者用文字說說想看的畫面。
    }沒有下單。
button-other-model = 換個模型
album-too-many = 一次最多 { $most } 張，你發了 { $count } 張，先留下前 { $most } 張。其餘的請稍後再發。
already-cancelled = { $job } 之前已經取消了。
toast-ordered = 已下單
toast-not-yours = 這是別人的影片
toast-gone = 這個已經不在了
kept-in-private = 這個影片群裡發不了，所以單獨發給你。
group-greeting =
    大家好！{ -send-video }，我就做成影片。
    本群 ID：{ $id }{ $missing ->
        [no-video-right] {""}
            我在這裡還不能發影片，請群管理員開啟權限；否則影片會單獨發給下單的人。
        [no-right] {""}
            我在這裡還不能發言，請群管理員允許我發訊息和影片。
        [topic-closed] {""}
            這個話題關閉了，請重新開啟，或者在別的話題裡用我。
       *[none] {""}
    }

ask-words =
    做這個影片需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }，確定要做嗎？
ask-lone =
    我沒看到照片：群裡單獨發的照片到不了我這裡。請把照片和這句話放在同一條訊息裡並 @我，或者引用那張照片再 @我。不用照片、只按文字做需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }，要這樣做嗎？
ask-forward =
    這段文字是轉發的，不是你自己寫的。做成影片需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }，確定要做嗎？
ask-quoted =
    你回覆的那條訊息沒有算進來。做這個影片需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }，確定要做嗎？
ask-heard =
    我聽到的是上面這句。做成影片需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }，確定要做嗎？
ask-asks =
    這句話像是在提問。如果要做成影片，需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }，確定要做嗎？
ask-photo =
    用你剛才發的素材來做，需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }，這樣做嗎？
ask-speak =
    讓這張照片說出你的錄音，{ KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] 需要 { $price }
    }。做嗎？想換個說法也可以直接說。
ask-frames =
    從第一張照片變到第二張，做成一個影片，需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }，要做嗎？
ask-likeness =
    把這 { $count } 張照片裡的人或物放進同一個影片，需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }，要做嗎？
ask-each =
    每張照片各做一個，共 { $count } 個，一共 { $price }，要做嗎？
ask-unable =
    { $most ->
        [0] { $model } 一次只能用一張照片
       *[other] { $model } 一個影片最多用 { $most } 張照片
    }。你發了 { $count } 張，只做第一張需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }。只做第一張，還是用別的做法？
ask-many =
    只做第一張，需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }。只做第一張，還是每張各做一個？
ask-first =
    只做第一張，需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }。每張各做一個會超出現在的額度。要做第一張嗎？
ask-one =
    這裡一次只能用一個，只用第一個來做需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }，要做嗎？其餘的先留著，等你下一句話。
ask-instead =
    你改了訊息，{ $other } 還沒有扣費。改成做這個嗎？需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }。
ask-edited =
    你改了訊息，不過 { $other } 已經按原來的文字在做了。要另外再做這個嗎？需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }。
offer-words = 內容：「{ $prompt }」
offer-words-long = 「{ $start }…」共 { $count } 字，全部使用
model-choose = 用哪個模型來做？
model-choice = { $name }，{ $price }
obstacle-no-video-right = 我在這裡沒有發影片的權限，所以沒有接單，也沒有扣費。管理員可以給我這個權限，或者私下找我。
obstacle-no-right = 影片現在發不到這裡，所以沒有接單，也沒有扣費。管理員可以處理，或者私下找我。
obstacle-removed = 我已經不在那個群裡了，所以沒有接單，也沒有扣費。
obstacle-topic-closed = 這個話題已關閉，影片發不到這裡，沒有扣費。請換個話題，或者私下找我。
button-way-alone = 只用文字（{ $price }）
button-way-without = 不用照片（{ $price }）
button-way-frames =
    從第一張變到第二張{ KNOWN($model) ->
        [yes] ，{ $model }
       *[no] {""}
    }（{ $price }）
button-way-likeness =
    { $count } 張放進一個影片{ KNOWN($model) ->
        [yes] ，{ $model }
       *[no] {""}
    }（{ $price }）
button-way-first = 只做第一張（{ $price }）
button-way-each = 每張做一個，共 { $count } 個（{ $price }）
button-way-last = 只用最後一句（{ $price }）
button-way-quoted = 和那條訊息合在一起（{ $price }）
button-way-join = 和前面的話合在一起（{ $price }）
button-take =
    再來一版，{ KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }
button-continue =
    續寫，{ KNOWN($up_to) ->
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
    重做有聲版，{ KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }
button-silent =
    重做無聲版，{ KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }
button-full-anew = 重新做完整的
button-more = 更多…
film-more =
    影片 { $job } 還可以：{ CHAT() ->
        [words] {""}
            換一句話：「換詞 { $job }」；換個模型：「換模型 { $job }」；不要了：「刪除 { $job }」。
       *[buttons] {""}
    }
film-step =
    { $step ->
        [continue] 接著 { $film } 往下拍，做好後連成一整段發給你。
        [upscale] { $film } 的高畫質版。
        [enhance] 草稿 { $film } 的完整版。
        [full] { $film } 的清晰版。
        [sound] { $film } 重做一遍，有聲。
       *[silent] { $film } 重做一遍，無聲。
    }
film-is-so = 影片 { $job } 已經是這樣了，或者它的模型不能選。
film-none = 你在這裡還沒有做好的影片。說說想看什麼畫面，我先報價。
film-not-yet = { $job } 還在做，做好以後再說一次就行。如果說的是別的影片，請帶上它的編號。
film-kept =
    { $kind ->
        [upscale] 高畫質版只提高畫質晰度（1080p 或 4k），別的都和原來一樣。
       *[other] 完整版的內容和草稿一樣，改不了別的。
    }
film-joined = 整段：{ $parts }，共 { $seconds } 秒。
film-not-joined = 沒能和 { $film } 連起來，這是新的一段。
ask-film =
    做這個需要 { KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }，確定要做嗎？
button-words =
    換句話，{ KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }
button-original = 原片
button-delete = 刪除
button-erase = 確認刪除
button-keep = 先留著
delete-ask =
    確定刪除影片 { $job } 嗎？原檔案、所有副本和用來製作的照片或影片都會刪掉，{ CHAT() ->
        [words] 已經發到聊天裡的會留著，
       *[buttons] 聊天裡的那條訊息能撤的也會撤掉，
    }刪了就找不回來，已扣的費用不退。
delete-kept = 好的，影片 { $job } 留著。
deleted-now =
    影片 { $job } 已刪除，副本和用來製作的素材也一起刪了。{ CHAT() ->
        [words] 已經發到聊天裡的，請自己刪掉。
       *[buttons] {""}
    }
deleted-stays = 影片 { $job } 已刪除，不過聊天裡的那條訊息我撤不掉了，請自己刪一下。
was-deleted = 影片 { $job } 已經被你刪除了，不能再發，也不能再用。
button-forget =
    { CHAT() ->
        [words] 全部清除
       *[buttons] 全部清除
    }
button-forget-no =
    { CHAT() ->
        [words] 全都留著
       *[buttons] 全都留著
    }
forget-ask =
    { $place ->
        [group] 要清除你在這個群裡做過的內容嗎？
       *[all] 要清除你的全部內容嗎？
    }我這裡有你的 { $films } 個做好的影片、{ $orders } 個訂單。影片、照片和文字會從這裡永久清除，{ $place ->
        [group] 只清除這個群裡的。
       *[all] 你的設定和草稿也一起清除。
    }還在等的會取消；{ $running ->
        [0] 現在沒有正在做的影片。
       *[other] 正在做的 { $running } 個影片費用照算，不再發給你，一做完就清除。
    }
    會留下的：付款的金額和日期（不含文字）、聊天裡我撤不回的內容、運營者已做的資料庫備份，以及影片服務方那邊的{ $fal ->
        [goes] 已上傳照片和影片（大約一天）；文字和結果會在那邊一併刪除。
       *[other] 文字和結果（大約一個月）、已上傳的照片和影片（大約一天）。
    }
forget-kept = 好的，什麼都沒清除，一切照舊。
forgotten-now =
    { $place ->
        [group] 正在清除你在這個群裡做過的內容。
       *[all] 正在清除你的全部內容。
    }{ $running ->
        [0] 稍等片刻就好。
       *[other] 正在做的，做完就清除；如果影片服務方一直沒有答覆，最多要一天。
    }
    聊天裡我撤不回的影片和訊息會留在那裡，請自己刪除；資料庫備份到期才會消失。
    { $fal ->
        [goes] 影片服務方那邊的文字和結果，我也會在每個訂單結清後讓它們刪掉；只有已上傳的照片和影片還會留大約一天。
        [refused] 影片服務方現在不讓我刪除那邊的東西：已經告訴運營者，我會繼續試。否則文字和結果大約一個月後到期，已上傳的照片和影片大約一天後到期。
       *[stays] 影片服務方那邊我刪不了：文字和結果大約一個月後到期，已上傳的照片和影片大約一天後到期。
    }
    想用的時候隨時再來，一切從頭開始。
film-which = 是哪個影片？請帶上編號，或者直接回覆那個影片。
film-foreign = 這個只能用我做好的影片來做，從這條引用裡認不出是哪一個。請帶上它的編號。
original-caption = { $job } 的原片
file-coming = { $job } 的原片馬上發來。
file-not-here = 這裡發不了檔案，原片沒法發過來。
file-too-large = { $job } 的原片太大，這裡發不了。上面的影片已經是能發的最好版本。
file-not-sent = { $job } 的原片沒有發成，請稍後再試。
caption-code = { $what }，編號 { $code }
