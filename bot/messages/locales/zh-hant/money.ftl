# Made from ../zh by tests/messages/traditional.py: change a sentence there, or a word in its CORRECTIONS.
# 錢：失敗花了多少、購買前的確認、重做、限額、/balance，以及給管理員的話。

charge-nothing = 沒有下單，也沒有扣費。
charge-none = 沒有產生費用。
charge-yes = 已扣費（{ $price }）。
charge-possibly = 可能已扣費（{ $price }），先計入你的額度。

up-to = 最多 { $price }
about-price = 約 { $price }
ask-price =
    做這個影片{ KNOWN($up_to) ->
        [yes] 最多需要
       *[no] 需要
    } { $price }，確定下單嗎？
ask-same =
    同樣的影片已經在做了（編號 { $other }）。再做一個{ KNOWN($up_to) ->
        [yes] 最多需要
       *[no] 需要
    } { $price }，確定下單嗎？
ask-again =
    重新做一次{ KNOWN($up_to) ->
        [yes] 最多需要
       *[no] 需要
    } { $price }，確定下單嗎？
ask-gone =
    剛才報價的做法現在做不了了，這是最接近的。做這個影片{ KNOWN($up_to) ->
        [yes] 最多需要
       *[no] 需要
    } { $price }，確定下單嗎？
ask-restored =
    機器人剛從備份恢復，查不到這個影片之前有沒有下過單。現在下單{ KNOWN($up_to) ->
        [yes] 最多需要
       *[no] 需要
    } { $price }；如果之前已經下過單，就會扣兩次錢。確定下單嗎？
ask-waits = 報價 30 分鐘內有效，確認之前不會扣費。
state-awaiting-confirmation = 等待你確認。
button-change =
    改成新的文字（{ KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }）
button-yes =
    下單（{ KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }）
button-no =
    { CHAT() ->
        [words] 不想做了
       *[buttons] 不做了
    }
confirm-which = 有幾個訂單等你確認，要做哪一個？
confirm-nothing = 現在沒有待確認的訂單。
confirm-late = 編號 { $job } 不用再確認了：{ $state }
confirm-started = 好的，已下單，編號 { $job }，做好就發給你。
offer-lapsed = 30 分鐘沒有確認，這次報價已失效，沒有扣費。
offer-declined = 好的，這次不做了，沒有扣費。

over-user-cap =
    { KNOWN($free_at) ->
        [yes] 這個影片要 { $price }，你 24 小時的額度 { $cap } 只剩 { $left }，{ $free_at } 起恢復。
       *[no] { $fits ->
            [no] 這個影片要 { $price }，超過了你 24 小時的額度 { $cap }。請選短一些或便宜一些的，{ -send-price }查看價格。
           *[yes] 這個影片要 { $price }，你 24 小時的額度 { $cap } 只剩 { $left }。等正在做的影片結束後再試。
        }
    }
over-all-cap =
    { KNOWN($free_at) ->
        [yes] 這個影片要 { $price }，而這個機器人 24 小時的預算已用完，{ $free_at } 起又可以下單。
       *[no] { $fits ->
            [no] 這個影片要 { $price }，超過了這個機器人 24 小時的預算。請選短一些或便宜一些的，{ -send-price }查看價格。
           *[yes] 這個影片要 { $price }，而這個機器人 24 小時的預算已用完。等正在做的影片結束後再試。
        }
    }
balance =
    最近 24 小時你花了 { $spent }{ KNOWN($held) ->
        [yes] ，另為正在做的影片預留了 { $held }
       *[no] {""}
    }。額度 { $cap }，還剩 { $left }。
balance-all =
    所有人合計：花了 { $spent }{ KNOWN($held) ->
        [yes] ，預留 { $held }
       *[no] {""}
    }，預算 { $cap }，還剩 { $left }。
command-balance = 花了多少，還剩多少
command-continue = 接著最近的影片往下拍
command-again = 重新發送影片，或重做失敗的影片
command-delete = 永久刪除做好的影片
command-forget = 清除你的全部內容

again-none = 沒有可以重發或重做的影片。{ -send-history }查看做過的。
again-asks-fal = 我這就去再查一次編號 { $job }，不收費。影片一到就發到這裡。
again-on-its-way = 編號 { $job } 還沒結束：{ $state }
again-gone = 編號 { $job } 的影片過了保存期限，已經清理了。想要的話，{ -send-video }重新做。
button-true-price = 按實際長度重新報價
button-again =
    再試一次（{ KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }）
button-fix-shorter-prompt =
    文字簡單些再試（{ KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }）
button-fix-wide-photo =
    照片改成 16:9 再試（{ KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }）
button-buy-again =
    重新下單（{ KNOWN($up_to) ->
        [yes] 最多 { $price }
       *[no] { $price }
    }）
fallback-other = 這次做法稍有不同。
fallback-shorter-prompt = 這次用簡單些的文字：「{ $prompt }」
fallback-wide-photo = 這次把你的照片改成 16:9。
repeat-of = 重做編號 { $other }。

alert-doubt = { $user } 的任務 { $job }：fal 沒有回應訂單，可能已扣費 { $price }。任務已擱置；24 小時內如果找到結果，會照常傳送。請查看 fal.ai/dashboard/requests。
alert-parked = { $user } 的任務 { $job }（{ $price }）：fal 已有十分鐘沒有給出可理解的答覆：{ $reason }。任務已擱置，不佔用名額；在 fal 保留檔案期間會繼續詢問。用 "reelbot job { $job }" 查看，用 "reelbot poll" 加請求編號可立即詢問。
alert-no-receipt = 無法在輸出目錄的 receipts 資料夾寫入收據（{ $reason }），因此不會下單：請騰出空間，或給程式寫權限。
admin-parked = fal 沒有給出可理解的答覆（{ $odd }）。任務 { $job } 已下單並付費，現已擱置：「reelbot poll { $request_id }」 可再次詢問，不另收費；正在執行的機器人會繼續詢問。
alert-undelivered = { $user } 的任務 { $job } 做好了，但暫時發不出去：{ $reason }。影片已保存，會繼續重試；使用者發「再來 { $job }」也能取回。
alert-unconfirmed = 任務 { $job } 的影片已發給 { $user }，但微信一直沒有確認，對方一小時內也沒有說話。先按已送達處理，影片還存著；對方回覆「再來 { $job }」可以免費重發。
alert-works-again = fal 又可以下單了。
alert-spent =
    { $percent ->
        [100] 機器人 24 小時內的預算（{ $cap }）已用完，新的訂單要等有額度時再下。
       *[other] 機器人 24 小時內的預算已用 { $percent }%：{ $used } / { $cap }。
    }
alert-problem = 機器人有部分工作暫時做不了：{ $problem }。原因消除後會自動繼續，無需重啟，任務不會丟失。
alert-hangs = 機器人有一部分卡住了：{ $problem }。如果它還沒有自動重啟，請重啟機器人；任務不會丟失。
alert-problems-over = 機器人已恢復正常工作。
alert-disk = 輸出目錄所在磁碟只剩 { $free } MB。騰出空間之前不會下單。
alert-unsigned = 影片沒有簽上名（C2PA）。原因請執行 "reelbot doctor" 查看。
alert-unreadable = { $chat } 有一條已保存的訊息，這個版本讀不了，已擱置；它還在訊息表裡，日誌寫明了是哪一行。其他訊息照常處理。
alert-unreadable-job = { $user } 的任務 { $job } 已付費，但這個版本讀不了它的記錄（{ $reason }）。任務已擱置，內容都保留著；換上能讀的版本後會自動繼續。其他任務照常進行。
alert-unreadable-free = { $user } 的任務 { $job } 這個版本讀不了（{ $reason }）。沒有產生費用；任務已結束，為它預留的金額已釋放。
alert-set-aside = { $user } 在 { $chat } 的一條訊息處理三次都失敗，已擱置。對方已收到說明；原因請看日誌。
alert-charged-after-all = { $user } 的任務 { $job } 原以為沒有產生費用，但 fal 扣了 { $price }。現在已計入花費。
alert-odd-charge = 任務 { $job }：fal 前面的代理說扣了 { $said } 個額度，這不可能是它的價格。這個數已忽略，仍按報價 { $price } 計算。請查看代理自己的帳目。
alert-film-of-another = { $user } 的任務 { $job } 拿到的是任務 { $owner } 的影片，兩者的要求完全相同：{ $job } 先在 fal 的清單裡找到了那個請求，fal 給 { $owner } 的答覆後來才到。{ $owner } 也會收到影片，並承擔這一筆費用。{ $job } 自己的訂單（{ $price }）結果不明：帳上記為沒有花費、「可能已扣費」。請查看 fal.ai/dashboard/requests。
alert-drift = fal 對 { $model } 的收費與機器人的報價不同：24 小時內 { $count } 個任務報價共 { $quoted }，fal 實際扣費 { $charged }（{ $percent }%）。請看 reelbot spend --by model。
alert-models-changed = fal 更改了機器人在用的模型：
alert-models-back = 以下模型 fal 已恢復原樣，重新開放：
alert-models-more = ……另有 { $count } 項：reelbot doctor 會全部列出。
alert-models-all-gone = 按 fal 自己的清單，{ $of } 項裡有 { $count } 項同時下線或變更。暫不採信：什麼都沒有改，機器人一小時後再查一次。
alert-models-all-gone-again = fal 的清單一小時內第二次顯示 { $of } 項裡有 { $count } 項下線或變更。現在採信，暫停使用，等之後查到恢復再開放。reelbot doctor 會列出它們。
alert-unit-prices = fal 公佈的單價與上次不同。機器人仍按自己的價格表報價：請與 fal.ai 上各模型的頁面核對。
alert-unit-price-line =
    • { $model }：{ $before } → { $now }{ KNOWN($percent) ->
        [yes] （{ $percent }%）
       *[no] {""}
    }
alert-odd-unit-price = • { $row }：fal 標的是 { $price }，與這一項的任何價格都不同。請對照 fal.ai 上該模型的頁面。
model-and-mode = { $model }，{ $mode }
mode-text-to-video = 文字做影片
mode-image-to-video = 照片做影片
mode-video-to-video = 修改影片
mode-first-last-frame-to-video = 首尾兩張照片做影片
mode-reference-to-video = 參考照片做影片
mode-extend-video = 續寫影片
mode-upscale-video = 提升清晰度
mode-enhance-draft = 草稿轉正片
alert-model-line = • { $row }：{ $what }
alert-model-deprecated = fal 已將它標為棄用。
alert-model-unknown = fal 已經沒有這個模型。
alert-model-field-gone = fal 去掉了 { $field } 這一項。
alert-model-value-gone =
    fal 不再接受原來的 { $field }{ KNOWN($values) ->
        [yes] （{ $values }）
       *[no] {""}
    }。
alert-model-bound-moved = fal 更改了 { $field } 的範圍（{ $values }）。
alert-model-required-new = fal 現在要求填寫 { $field }。
alert-model-then =
    { $off ->
        [off] 恢復之前不再使用；已下單的影片照常進行。
       *[less] 其餘部分照常使用。
    }
alert-balance = fal 帳戶還剩 { $left }，少於 { $need }（24 小時的預算，或已預留的金額）。請到 fal.ai/dashboard/billing 儲值。
alert-forget-at-fal = fal 不接受用 FAL_ADMIN_KEY 刪除，文字和結果還留在那邊。請在 fal.ai/dashboard/keys 新建一個 ADMIN 權限的金鑰；一天後再試，換了金鑰馬上就試。
alert-admin-key = fal 拒絕了 FAL_ADMIN_KEY，帳單無法讀取。請在 fal.ai/dashboard/keys 新建一個 ADMIN 權限的金鑰。
alert-database-stamped = 這個資料庫是恢復的備份。其中等待的訂單會先查詢、再下單；查不到時會詢問使用者。備份之後的訂單、付款和傳送它都不知道：影片可能會重複傳送，花費限額也會從較低的數開始。請看 README 的 「Backup and restore」。
alert-database-older = 資料庫比輸出目錄裡的檔案舊（其中有 { $files } 份收據的訂單它不認識），因此按恢復的備份處理。等待的訂單會先查詢、再下單；查不到時會詢問使用者。如果正確的資料庫在別處，請先停止機器人，再換回去。請看 README 的 「Backup and restore」。
alert-database-new = 資料庫是新的，但輸出目錄裡有 { $files } 份收據和影片屬於它不認識的任務。如果之前有過資料庫，它已經丟失：請停止機器人，恢復最近的備份。否則不用處理：歷史和花費限額從零開始。請看 README 的 「Backup and restore」。
