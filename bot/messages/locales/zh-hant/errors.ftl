# Made from ../zh by tests/messages/traditional.py: change a sentence there, or a word in its CORRECTIONS.
# 每個錯誤代碼一條：發生了什麼、接下來怎麼辦。給使用者看。有沒有花錢由 money.ftl 補充。

error-not-configured = 這個機器人還沒有連線影片服務。請告訴管理員。
error-invalid-key = 影片服務沒有接受這個機器人的帳戶。請告訴管理員。
error-out-of-credits = 這個機器人在影片服務的帳戶餘額已用完。請告訴管理員，稍後再試。
error-insufficient-credits = 這個機器人的帳戶餘額不夠做這個影片。請告訴管理員，或者換短一些、便宜一些的，{ -send-price }查看價格。
error-key-locked = 這個機器人在影片服務的帳戶被鎖定了。請告訴管理員。
error-model-not-allowed = 這個機器人的帳戶用不了這個模型。請換一個，{ -send-models }查看全部。
error-endpoint-not-allowed = 這個機器人的帳戶用不了這個模型。請換一個，{ -send-models }查看全部。
error-model-not-found = 影片服務目前不提供這個模型。請換一個，{ -send-models }查看全部。
error-wrong-endpoint = 這個模型目前不支援這種用法。請換一個，{ -send-models }查看全部。
error-storage-not-allowed = 你的檔案沒能交給影片服務：這個機器人還沒有可以放檔案的地方。請告訴管理員；只用文字做影片不受影響。
error-asset-unreachable = 影片服務沒能取到你的檔案。請告訴管理員；只用文字做影片不受影響。
error-no-asset-host = 你的檔案沒能交給影片服務：這個機器人還沒有公開網址。請告訴管理員；只用文字做影片不受影響。

error-image-url-not-public = 這個網址從外面打不開。請直接把檔案發給我。
error-unknown-model = 沒有「{ $model }」這個模型。{ -send-models }查看全部。
error-model-retired = { $model } 已在 { $day } 停止服務，請換一個模型。{ -send-models }查看全部。
error-model-unavailable =
    { $model } 暫時用不了。{ KNOWN($instead) ->
        [yes] 可以改用 { $instead }，或者換一個模型，{ -send-models }查看全部。
       *[no] 請換一個模型（{ -send-models }查看全部），或者明天再試。
    }
error-unpriced = 這個組合沒有定價，所以沒有下單。請換一種清晰度或模型，{ -send-models }查看全部。
error-bad-option =
    { $option ->
        [duration] 這個時長做不了。請寫整數秒，例如 5秒 或 10秒。
        [resolution] 沒有「{ $value }」這種清晰度。請寫 720p 或 1080p 這樣的。
        [aspect_ratio] 該模型做不了「{ $value }」的畫面比例。請寫 16:9、9:16 或 1:1 這樣的。
        [source] 請只給一張照片或一段影片，不要兩樣都給。
        [image] 這裡要用照片，收到的是影片。
        [video] 這裡要用影片，收到的是照片。
       *[other] 有一項要求寫得不對。{ -send-help }查看寫法。
    }
error-prompt-missing =
    想看什麼畫面呢？{ CHAT() ->
        [words] 請寫在「影片」後面，例如：影片 一隻紅狐狸在雪地裡奔跑
       *[buttons] 請寫在 /video 後面，或者寫在照片的說明文字裡。
    }
error-prompt-too-long =
    { KNOWN($max_length) ->
        [yes] 文字太長了，該模型最多支援 { $max_length } 個字元。
       *[no] 文字太長，超過了該模型的上限。
    }請縮短一些。
error-invalid-input = 影片服務沒有接受這個請求。請改一改文字或要求再試。
error-price-changed = 你的影片比原來以為的長，改它要 { $price }，比報給你的貴。可以按這個價格做，也可以發一段短一些的。
error-unknown-request = 影片服務沒有這個請求。

error-unsupported-media =
    { $what ->
        [edits] 這個影片的剪輯方式我讀不了：變過速，或者中間有停頓。請匯出成新的影片再發。
        [dolby-vision] 這個影片的杜比視界格式只有授權的播放器才能顯示。請匯出成普通（非 HDR）影片再發。
        [svg] 這是向量圖（SVG），不是照片。請另存為 JPEG 或 PNG。
       *[other] 我讀不了這種檔案。照片支援 JPEG、HEIC、PNG、WebP、AVIF、GIF、BMP，影片支援 MP4、MOV、WebM、MKV、M4V。
    }
error-unreadable-media = 這個檔案打不開，可能損壞了。請重新發送，或者換一個。
error-truncated-media = 這個檔案不完整，缺了結尾。請重新發送。
error-file-too-large =
    { KNOWN($max_bytes) ->
        [yes] 檔案太大了，最大 { SIZE($max_bytes) }。
       *[no] { KNOWN($max_size) ->
            [yes] 檔案太大了，該模型最大支援 { SIZE($max_size) }。
           *[no] { KNOWN($max_megapixels) ->
                [yes] 圖片的像素太多，這種檔案最多 { $max_megapixels }00 萬像素。
               *[no] { KNOWN($max_side) ->
                    [yes] 影片的畫面太大，每邊最多 { $max_side } 像素。
                   *[no] 檔案太大，超過了該模型的上限。
                }
            }
        }
    }{ KNOWN($max_megapixels) ->
        [yes] 請直接作為照片傳送，不要當檔案發；也可以先存成小一些的 JPEG。
       *[no] 請換一個小一些的。
    }
error-image-too-small =
    { KNOWN($min_width) ->
        [yes] 照片太小，該模型要求每邊至少 { $min_width } 像素。
       *[no] 照片太小，該模型用不了。
    }請換一張大一些的。
error-image-aspect-ratio = 照片太細長，該模型用不了。請裁得接近方形一些再試。
error-video-too-long =
    { KNOWN($max_duration) ->
        [yes] 影片太長，該模型最多支援 { $max_duration } 秒。
       *[no] 影片太長，超過了該模型的上限。
    }請換一段短一些的。
error-audio-too-long =
    { KNOWN($max_duration) ->
        [yes] 錄音太長，該模型最多支援 { $max_duration } 秒。
       *[no] 錄音太長，超過了該模型的上限。
    }請換一段短一些的。
error-audio-too-short =
    { KNOWN($min_duration) ->
        [yes] 錄音太短，該模型至少要 { $min_duration } 秒。
       *[no] 錄音太短，該模型用不了。
    }請換一段長一些的。
error-video-too-short =
    { KNOWN($min_duration) ->
        [yes] 影片太短，該模型至少要 { $min_duration } 秒。
       *[no] 影片太短，該模型用不了。
    }請換一段長一些的。
error-film-gone = 要用的那個影片已經不在了。
error-chain-too-long = 整段影片會超過 { $max_duration } 秒，做不了這麼長。可以接著短一些的影片來做。
error-large-enough = 這個影片已經有 { $resolution } 那麼清晰了。
error-draft-gone = 影片服務沒有保留這個草稿，沒法直接做成完整版。可以照原樣重新做完整的，畫面可能略有不同。
error-too-many-pictures = { $model } 最多用 { $most } 張照片。請少發幾張，或換一個模型，{ -send-models }查看全部。
error-source-not-supported =
    { $mode ->
        [audio-to-video] { $model } 做不了錄音配的影片。{ $able } 可以。
       *[other] { $model } 用不了你發來的內容。{ -send-models }看看哪些模型可以。
    }
error-source-unavailable = 沒能從聊天裡取到你的照片或影片。請重新發送。
error-preparation-budget = 過去一小時裡，處理你的影片已佔用大量計算時間，這一個需要等一等。請在 { $minutes } 分鐘後再試。
error-bad-reference = 影片服務用不了這張照片或這段影片。請換一個，照片用 JPEG，影片用 MP4。

error-content-policy-violation = 沒有通過該模型的內容審核。請換個說法或換張圖片；真人照片經常通不過。
error-no-media-generated = 模型沒有做出影片。請稍微換個說法再試。
error-face-detection-error = 沒有找到能用的人臉。請換一張照片，最好只有一個人，臉要清楚。
error-generation-failed = 這個影片沒做成。請再試一次，文字短一些、簡單一些；也可以換個模型，{ -send-models }查看全部。
error-generation-timeout = 生成超時，這次沒做成。請再試一次，時長短些或清晰度低些。
error-downstream-service-error = 模型生成時出錯了，多半是圖片的原因。請換張照片（最好 16:9），或稍後再試。
error-upstream-unavailable = 影片服務暫時出了故障。請過幾分鐘再試。
error-fal-busy = 影片服務現在很忙，沒有接單。請過幾分鐘再試。
error-fal-unavailable = 影片服務暫時沒有回應。請過幾分鐘再試。
error-submit-not-sent = 沒能連上影片服務，所以沒有下單。請過幾分鐘再試。
error-submit-unknown = 影片服務沒有確認這一單，可能已扣費；有結果會馬上發給你。為免重複扣費，我不會自動重新下單；想重做，請再發一次。
error-still-running = 還在生成。這一個比較慢，做好後會馬上發給你。
error-result-expired = 很抱歉，影片服務那邊已經不再保存這個影片了。想要的話，需要重新做一個。

error-download-failed = 影片生成好了，但沒能取回來。請告訴管理員，也許還能找回。
error-video-broken = 做好的影片傳回來時損壞了，重新取也不行。請告訴管理員，或者重新做一個。
error-disk-full = 這個機器人存放影片的空間滿了。請告訴管理員。
error-cancelled = 已取消。
error-unknown = 這個影片出了問題，具體原因不清楚。請稍後再試，或告訴管理員。
