# Made from ../zh by tests/messages/traditional.py: change a sentence there, or a word in its CORRECTIONS.
# 網頁聊天的介面與拒絕語。
web-title = reelbot
web-tagline = 寫下畫面，收到影片。
web-placeholder = 影片 一隻紅狐狸在新雪裡奔跑
web-placeholder-short = 影片 一隻紅狐狸
web-send = 傳送
web-make = 就做
web-attach = 新增照片、影片或聲音
web-remove = 刪除
web-drop = 把照片、影片或聲音拖到這裡
web-whole = 看全文
web-download = 下載
web-offline = 連線斷開，正在重連……
web-retry = 再試一次
web-failed = 沒發出去。
web-unreachable = 連不上機器人，請檢查網路。
web-example-1 = 影片 一隻紅狐狸在新雪裡奔跑
web-example-2 = 影片 金色海面上的小船，直式
web-example-3 = 幫助
web-demo = 示範 · 免費

web-not-through-proxy = 示範只對本機開放，不能經過代理存取。要公開網頁，請用 「reelbot run」 並設定 REELBOT_WEB_TOKEN。
web-wrong-host = 這個網址不對。請開啟機器人啟動時顯示的網址。
web-wrong-origin = 有別的網站想使用這個機器人，已拒絕。請在機器人自己的頁面裡操作。
web-session-over = 登入已逾時，請重新整理頁面。
web-invitation-void = 這個邀請已經用過或已失效，請向對方要一個新連結。
web-too-fast = 一下子太多了，請 { $wait_s } 秒後再試。
web-too-many-tokens = 密碼錯誤次數過多，請等一分鐘再試。
web-nothing-to-send = 沒有可傳送的內容。
web-upload-gone = 檔案沒有完整傳上來，請重新加入。
web-upload-unknown =
    { $what ->
        [svg] 這是向量圖（SVG），不是照片。請另存為 JPEG 或 PNG 再新增。
       *[other] 這個檔案不是我能用的照片、影片或聲音。請用 JPG、HEIC、PNG、WebP、GIF、MP4、MOV、WebM、MP3、M4A、WAV 或 OGG。
    }
web-upload-large = 檔案太大：照片和影片都不超過 { $max_mb } MB。
web-not-found = 這裡沒有內容，或者它不是你的。
web-upload-quota = 你上傳的檔案已達上限，請過一小時再新增。
web-upload-no-room = 機器人的磁碟快滿了，暫時不能接收檔案，請告訴機器人的主人。
