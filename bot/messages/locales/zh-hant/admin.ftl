# Made from ../zh by tests/messages/traditional.py: change a sentence there, or a word in its CORRECTIONS.
# 同樣的錯誤代碼，給管理員和命令列看：與使用者看到的不同，寫明具體的解決辦法。

admin-not-configured = 沒有 fal 金鑰：請在環境變數或 .env 中設定 FAL_KEY（fal.ai/dashboard/keys），或者用 FAL_PROXY_URL 指向會新增金鑰的代理。
admin-invalid-key = fal 拒絕了金鑰（401 或 403）：請檢查 FAL_KEY，在 fal.ai/dashboard/keys 新建一個，並給它 API 權限。沒有產生費用。
admin-out-of-credits = fal 帳戶餘額已用完：請在 fal.ai/dashboard/billing 儲值。沒有產生費用。
admin-insufficient-credits = 代理報告餘額不夠做這個影片（402）：請儲值，或選擇更便宜的模型。沒有產生費用。
admin-key-locked = fal 鎖定了這個帳戶：原因見 fal.ai/dashboard。沒有產生費用。
admin-model-not-allowed = 這個金鑰不能使用該模型：請從 reelbot models 的清單中另選一個，或為金鑰開通該模型。
admin-endpoint-not-allowed = 代理不允許這個介面（403）：請選擇它允許的模型，或把該介面加入它的名單。沒有產生費用。
admin-model-not-found = fal 沒有這個模型（404）：介面可能已改名或下線。請從 reelbot models 的清單中另選一個。沒有產生費用。
admin-wrong-endpoint = fal 有這個模型的應用，但沒有其中的這條路徑：模型表中的介面寫錯了或已下線。請換一個模型，並報告此問題。
admin-storage-not-allowed = fal 金鑰沒有上傳檔案的權限。解決辦法：在 fal.ai/dashboard/keys 為金鑰開通儲存權限；或者把 REELBOT_PUBLIC_URL 設為這個機器人的 https 網址，由它自己提供照片；或者把 REELBOT_FAL_ASSETS_URL 設為對外發佈 output/fal_assets 資料夾的網址。
admin-asset-unreachable =
    { $reason ->
        [dns] 無法解析已發佈照片的域名：請檢查 REELBOT_PUBLIC_URL 或 REELBOT_FAL_ASSETS_URL。
        [private] 素材網址指向內網（{ $address }），fal 存取不到：請換成公網網址。如果只有本機這樣解析（內外網分離的 DNS），則沒有問題。
        [tls] 素材網址的憑證無效{ KNOWN($detail) ->
            [yes] （{ $detail }）
           *[no] {""}
        }：請修復憑證，或檢查 REELBOT_PUBLIC_URL 或 REELBOT_FAL_ASSETS_URL。
        [refused] 素材網址沒有回應：反向代理是否在執行，是否能連到 REELBOT_PORT？
        [timeout] 素材網址超時沒有回應：它對外開放了嗎？
        [status] 素材網址返回的狀態是 { $status }，而不是 200：它提供的是 output/fal_assets 資料夾嗎？
        [type] 素材網址返回的是「{ $type }」，而不是圖片或影片：它提供的是 output/fal_assets 資料夾嗎？前面有沒有登入頁？
        [content] 取回的檔案與剛發佈的不同：素材網址提供的是另一個資料夾，或者前面有東西改動了圖片。它必須提供本機器人的 output/fal_assets 資料夾。
       *[other] 從外面取不到已發佈的素材：請檢查 REELBOT_PUBLIC_URL 或 REELBOT_FAL_ASSETS_URL。
    }如果本機存取不到自己的公開域名，可用 REELBOT_ASSET_CHECK=false 跳過這項檢查。
admin-no-asset-host = REELBOT_ASSET_HOST 設為 folder，但不知道公開網址：請設定 REELBOT_PUBLIC_URL 或 REELBOT_FAL_ASSETS_URL，或改用 REELBOT_ASSET_HOST=auto。
admin-image-url-not-public = image_url 必須是公開的 http(s) 網址：請先發佈檔案（reelbot publish FILE）再用它列印的網址，或者直接給出檔案。
admin-unknown-model = 未知模型「{ $model }」：reelbot models 會列出所有模型。
admin-model-retired = { $model } 已在 { $day } 停止服務：reelbot models 會列出在用的模型。
admin-model-unavailable =
    fal 現在不接受 { $model }，所以沒有下單：{ KNOWN($instead) ->
        [yes] 請改用 { $instead }，或 reelbot models 列出的其他模型。
       *[no] 請選擇 reelbot models 列出的其他模型。
    }reelbot models --check 會重新向 fal 查詢。
admin-unpriced =
    { KNOWN($resolution) ->
        [yes] { $model } 在 { $resolution } 下沒有定價，所以沒有下單：請選擇 reelbot models 列出的組合。
       *[no] { $model } 的這種組合沒有定價，所以沒有下單：請選擇 reelbot models 列出的組合。
    }
admin-bad-option =
    { $option ->
        [duration] 時長必須是整數秒，至少 1 秒。
        [resolution] 「{ $value }」不是清晰度：請用 720p 或 1080p 這樣的寫法。
        [aspect_ratio] 該模型做不了「{ $value }」這個畫面比例：請用 16:9、9:16 或 1:1 這樣的寫法。
        [source] 請只給一張照片或一段影片。
        [image] 給出的檔案不是圖片。
        [video] 給出的檔案不是影片。
       *[other] 選項 { $option } 不合適：{ $value }。
    }
admin-prompt-missing = 提示詞是空的。
admin-invalid-input =
    { KNOWN($field) ->
        [yes] fal 拒絕了請求中的欄位「{ $field }」。
       *[no] fal 拒絕了請求。
    }請修改提示詞或選項；reelbot models 會顯示每個模型支援什麼。
admin-price-changed = 源影片比說的長：價格會是 { $price }，比報價貴。沒有下單。
admin-unknown-request = 本地記錄和已知模型的 fal 應用中都沒有請求「{ $request_id }」：請檢查這個編號和 FAL_KEY。
admin-too-many-pictures = { $model } 最多用 { $most } 張照片：請少給幾張。
admin-source-not-supported = { $model } 不支援 { $mode }，也沒有替代模型：請選擇支援它的模型，例如 { $able }。
admin-source-unavailable = 讀不到照片或影片：路徑對嗎？如果來自聊天，則是聊天伺服器沒有給出檔案。
admin-unsupported-media =
    { $what ->
        [edits] 影片的剪輯清單裡有變速或停頓：請匯出成新的檔案。
        [dolby-vision] 杜比視界 profile 5 的影片，只有授權的播放器認得它的顏色：請匯出成 SDR 或 HLG。
        [svg] 向量圖（SVG），不是照片：請另存為 JPEG 或 PNG。
       *[other] 讀不了這種檔案：照片支援 JPEG、HEIC、PNG、WebP、AVIF、GIF、BMP，影片支援 MP4、MOV、WebM、MKV、M4V，副檔名要對得上。
    }
admin-unreadable-media = 檔案讀不了，可能損壞了。請重新儲存，或者換一個。
admin-truncated-media = 檔案不完整，缺了結尾。請重新複製一份。
admin-file-too-large =
    { KNOWN($max_bytes) ->
        [yes] 檔案太大，最大 { SIZE($max_bytes) }。
       *[no] { KNOWN($max_size) ->
            [yes] 檔案太大，該模型最大支援 { SIZE($max_size) }。
           *[no] { KNOWN($max_megapixels) ->
                [yes] 圖片的像素太多，這種檔案最多 { $max_megapixels }00 萬像素。
               *[no] { KNOWN($max_side) ->
                    [yes] 影片的畫面太大，每邊最多 { $max_side } 像素。
                   *[no] 檔案太大，超過了該模型的上限。
                }
            }
        }
    }請做得小一些。
admin-image-too-small =
    { KNOWN($min_width) ->
        [yes] 照片太小，該模型要求每邊至少 { $min_width } 像素。
       *[no] 照片太小，該模型用不了。
    }
admin-video-too-long =
    { KNOWN($max_duration) ->
        [yes] 影片太長，該模型最多支援 { $max_duration } 秒。
       *[no] 影片太長，超過了該模型的上限。
    }
admin-audio-too-long =
    { KNOWN($max_duration) ->
        [yes] 聲音太長，該模型最多支援 { $max_duration } 秒。
       *[no] 聲音太長，超過了該模型的上限。
    }
admin-audio-too-short =
    { KNOWN($min_duration) ->
        [yes] 聲音太短，該模型至少要 { $min_duration } 秒。
       *[no] 聲音太短，該模型用不了。
    }
admin-video-too-short =
    { KNOWN($min_duration) ->
        [yes] 影片太短，該模型至少要 { $min_duration } 秒。
       *[no] 影片太短，該模型用不了。
    }
admin-bad-reference =
    { KNOWN($status) ->
        [yes] 照片或影片無法獲取或使用（狀態 { $status }）：請給出公開網址，或本地的 JPEG 或 MP4 檔案。
       *[no] 照片或影片無法獲取或使用：請給出公開網址，或本地的 JPEG 或 MP4 檔案。
    }
admin-content-policy-violation = 沒有通過模型的內容審核；如果已經生成，可能已經扣費。請換個說法，或換一張圖片。
admin-generation-failed = fal 或其背後的模型出錯，通常不會扣費。請縮短提示詞或換一個模型，再試一次。
admin-downstream-service-error = fal 背後的模型出錯，常常是因為參考素材：請重新編碼或調整尺寸（16:9 最穩妥），重新發佈後再試。通常不會扣費。
admin-fal-busy = fal 暫時不再接受這個帳戶的請求；沒有下單，也沒有產生費用。請過幾分鐘再試。
admin-fal-unavailable =
    { KNOWN($status) ->
        [yes] fal 的回應不正常（狀態 { $status }）
       *[no] fal 沒有回應
    }：請檢查網路、FAL_QUEUE_URL 和 FAL_PROXY_URL{ KNOWN($request_id) ->
        [yes] 。訂單仍然有效：「reelbot poll { $request_id }」 可再次詢問，不另收費。
       *[no] ，然後重試。
    }
admin-submit-not-sent = 連不上 fal，所以沒有下單，也沒有產生費用：請檢查網路、FAL_QUEUE_URL、FAL_PROXY_URL 和 FAL_CA_FILE，然後重試。
admin-submit-unknown = 提交後沒有得到明確的答覆：影片可能已下單並扣費。請到 fal.ai/dashboard/requests 查看；reelbot poll REQUEST_ID 可以取回。程式不會自動再次提交。
admin-still-running =
    { KNOWN($request_id) ->
        [yes] fal 還在生成。稍後取回：reelbot poll { $request_id }
       *[no] fal 還在生成。稍後用 reelbot poll REQUEST_ID 取回。
    }
admin-result-expired = fal 已不再保存結果，很可能已經扣費。如仍需要，請重新下單。
admin-download-failed =
    { KNOWN($status) ->
        [yes] 沒能完整取回做好的影片（狀態 { $status }）。它已付費：請儘快用 reelbot poll REQUEST_ID 再取一次，fal 只保存有限的時間。
       *[no] 沒能完整取回做好的影片。它已付費：請儘快用 reelbot poll REQUEST_ID 再取一次，fal 只保存有限的時間。
    }
admin-video-broken = 做好的檔案無法播放，重新取回也沒有用，很可能已經扣費。reelbot poll REQUEST_ID 可再試一次。
admin-disk-full = 輸出資料夾所在的磁碟已滿：請騰出空間，或設定 REELBOT_OUTPUT_DIR。已生成的影片仍可用 reelbot poll REQUEST_ID 取回。
