# Made from ../zh by tests/messages/traditional.py: change a sentence there, or a word in its CORRECTIONS.
# 關於一個任務：下單、調整、進度、結果。

ack =
    🎬 已接單：{ $model }{ KNOWN($duration) ->
        [yes] ，{ $duration } 秒
       *[no] {""}
    }{ KNOWN($resolution) ->
        [yes] ，{ $resolution }
       *[no] {""}
    }{ $sound ->
        [on] ，有聲
        [off] ，無聲
       *[none] {""}
    }{ KNOWN($shape) ->
        [yes] ，{ $shape }
       *[no] {""}
    }，{ $price }，編號 { $job }。
ack-up-to =
    🎬 已接單：{ $model }{ KNOWN($duration) ->
        [yes] ，{ $duration } 秒
       *[no] {""}
    }{ KNOWN($resolution) ->
        [yes] ，{ $resolution }
       *[no] {""}
    }{ $sound ->
        [on] ，有聲
        [off] ，無聲
       *[none] {""}
    }{ KNOWN($shape) ->
        [yes] ，{ $shape }
       *[no] {""}
    }，最多 { $price }，編號 { $job }。
caption =
    { $model }{ KNOWN($duration) ->
        [yes] ，{ $duration } 秒
       *[no] {""}
    }{ KNOWN($resolution) ->
        [yes] ，{ $resolution }
       *[no] {""}
    }{ $sound ->
        [on] ，有聲
        [off] ，無聲
       *[none] {""}
    }{ KNOWN($price) ->
        [yes] ，{ $price }
       *[no] {""}
    }

length-unknown = 還不知道你發的有多長，這裡按最長的算；短一些的影片更便宜。

refusals-charged = 即使被該模型自己的審核拒絕，廠商也可能照樣收費。

adjusted-duration = 該模型做不了 { $asked } 秒，改為最接近的 { $used } 秒。
adjusted-resolution = 該模型沒有 { $asked }，改為最接近的 { $used }。
adjusted-aspect-ratio = 該模型做不了 { $asked } 的畫面比例，改為最接近的 { $used }。
adjusted-model = { $asked } 做不了這種影片，改用 { $used }，價格已按它計算。
adjusted-model-unavailable = { $asked } 目前不能用，改用 { $used }，價格已按它計算。
adjusted-prompt = 文字超過了該模型的上限，只用前面的部分。
adjusted-seed = 該模型用不了種子 { $asked }，改為最接近的 { $used }。
adjusted-sound =
    { $used ->
        [on] 該模型的成品都有聲音，關不掉。
       *[off] 該模型做不出聲音，成品是無聲的。
    }
adjusted-words = 該模型不看文字：只看照片和錄音。
adjusted-sound-alone = 一張照片配一段錄音做一個影片：你另外發的 { $asked } 個沒有用上。
adjusted-sound-ends = 你的錄音只在前一段裡：接著的部分是模型自己的聲音。
adjusted-photos-frames = 首尾幀要正好兩張照片，能做的都列在下面。
adjusted-photos-frames-two = 這個模型不支援首尾幀，能做的都列在下面。
adjusted-photos-likeness = 這個模型不能把幾張照片放進一個影片，能做的都列在下面。
adjusted-other = { $asked } 改為 { $used }。
adjusted-source = 已按該模型的要求調整了你的照片或影片。
adjusted-source-padded = 畫面太小或太細長，已加上邊框，這樣模型才能用。
adjusted-dropped =
    { $field ->
        [duration] 成品和你發的一樣長，不能另選 { $asked } 秒。
        [resolution] 該模型只有一種清晰度，選不了 { $asked }。
        [aspect_ratio] 用照片或影片來做時選不了 { $asked }，成品的畫面比例和原來的一樣。
        [seed] 該模型不支援種子，{ $asked } 沒有作用。
        [photos] 照片不到兩張，關於幾張照片的要求沒有作用。
       *[other] 你的要求裡有一項該模型不支援，會照其餘的來做。
    }

state-queued =
    { $place ->
        [0] 正在排隊，做好會發到這裡。
        [1] 正在排隊，下一個就是你。
       *[other] 正在排隊，第 { $place } 位。
    }
state-no-room = 先等一等：存放影片的空間暫時不夠，有空間後會自動開始，在此之前不會扣費。
state-preparing = 正在準備…
state-submitting = 正在下單…
state-fal-queue =
    { $position ->
        [0] 已下單，正在等空閒的機器。
        [1] 已下單，在影片服務那邊排第一位。
       *[other] 已下單，在影片服務那邊排第 { $position } 位。
    }
state-rendering =
    { MINUTES($elapsed) ->
        [0] 正在生成，已用 { SECONDS($elapsed) } 秒…
       *[other] 正在生成，已用 { MINUTES($elapsed) } 分 { SECONDS($elapsed) } 秒…
    }
card-made = 正在製作，做好後發到這裡。
usual-under = 一般不到一分鐘。
usual-about = 一般需要約 { $minutes } 分鐘。
usual-between = 一般需要 { $least } 到 { $most } 分鐘。
card-folded = 編號 { $job }：{ $state }
card-below = 編號 { $job }：詳情見下面的訊息。
state-long-running = 還在生成。這一個比較慢，做好後會馬上發給你。
state-downloading = 生成好了，正在下載…
state-ready = 影片好了，馬上發給你…
state-uploading = 正在傳送影片…
state-delivered = 已完成。
state-undelivered = 影片做好了，只是暫時發不出去。已經存好，我會繼續試著發給你。
state-delivery-unconfirmed =
    影片已發出，但沒有收到確認。{ CHAT() ->
        [words] 沒收到的話，可以免費重發。
       *[buttons] 沒收到的話，請按「重新發送」，不再收費。
    }
state-submit-unconfirmed = 影片服務沒有確認這一單，可能已扣費；有結果會馬上發給你。為免重複扣費，我不會自動重新下單；想重做，請再發一次。
state-parked = 影片服務對這一單的答覆不正常，先放在一邊。我會繼續查詢，影片一到就發給你，不會重複收費。
order-unconfirmed = 影片服務還沒有確認這一單。我會繼續等、繼續查，不會重複下單，你不用做什麼；影片一到就發給你。
state-failed = 沒有成功。
state-cancelled = 已取消。
state-cancelled-free = 已取消，沒有產生費用。
state-deleted = 已刪除。

cancelled-free = 編號 { $job } 已取消，沒有產生費用。
cancel-requested-running = 已申請取消。不過影片已經開始生成，可能仍會扣費；如果還是做出來了，會照常發給你。
cancel-too-late = 編號 { $job } 已經結束，來不及取消了。如果影片做好了，會發給你。
cancel-nothing = 沒有可以取消的影片。
cancel-which = 有幾個影片正在製作，要取消哪一個？
job-unknown =
    沒有找到編號 { $job }。{ CHAT() ->
        [words] 回覆「狀態」看進度，「歷史」看做過的。
       *[buttons] 傳送 /status 看進度，/history 看做過的。
    }

button-cancel =
    { CHAT() ->
        [words] 不想做了
       *[buttons] 取消
    }
button-resend =
    { CHAT() ->
        [words] 沒收到，免費重發
       *[buttons] 重新發送
    }
button-ask-again =
    { CHAT() ->
        [words] 再查一次，免費
       *[buttons] 再查一次
    }
