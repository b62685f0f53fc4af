# Made from ../zh by tests/messages/traditional.py: change a sentence there, or a word in its CORRECTIONS.
# 微信：公眾號的選單，以及給管理員的提醒。

wechat-menu-make = 做影片
wechat-menu-mine = 我的影片
wechat-menu-more = 更多
wechat-menu-status = 狀態
wechat-menu-history = 歷史
wechat-menu-next = 領取影片
wechat-menu-models = 模型
wechat-menu-price = 價格
wechat-menu-help = 幫助

alert-wechat-setup =
    { KNOWN($address) ->
        [yes] 微信公眾號拒絕了本機：{ $address } 不在 IP 白名單裡。請到微信開發者平台（developers.weixin.qq.com 的「我的業務」）或公眾平台（mp.weixin.qq.com）的「設定與開發」裡加上它。
       *[no] 微信公眾號的設定不對（errcode { $code }）：請檢查 WECHAT_APP_ID 和 WECHAT_APP_SECRET。reelbot doctor 會說明具體問題。
    }影片不會丟，修好後會繼續傳送。
alert-wechat-quota = 微信公眾號今天的介面呼叫次數用完了（errcode { $code }）。影片會保存好，使用者發訊息就能領取。

wechat-video-link =
    { $title }
    { $caption }
    點開觀看或儲存（三天內有效）：{ $url }

alert-wechat-no-video-right = 這個公眾號沒有上傳影片的權限（errcode 48001），影片發不給任何人，所以暫不接單。解決辦法：在微信開發者平台（或公眾平台）為公眾號辦理認證；或者允許改發本機頁面的連結：設定 WECHAT_LINK=true 和 REELBOT_PUBLIC_URL。之後執行 reelbot doctor 可立即複查。
alert-wechat-no-right = 微信不允許機器人使用這個公眾號的介面，影片發不給任何人，所以暫不接單。reelbot doctor 會說明原因；如果介面被封禁，請登入 mp.weixin.qq.com 查看通知。
alert-wechat-clock =
    本機時鐘比微信{ $ahead ->
        [yes] 快
       *[no] 慢
    }了約 { $hours } 小時，微信的訊息都被拒收。請校準時間（timedatectl set-ntp true），不用重啟。

# 聊天平台不收的成品影片；{ $job } 是它的編號。
video-refused-file = 影片 { $job } 做好了，也存好了，但聊天平台沒有收下這個檔案，壓縮後再試也不行。已通知管理員，我不會再自動重發；想再試一次，請照下面回覆，不會再收費。
video-refused-content = 影片 { $job } 做好了，也存好了，但沒有通過聊天平台的內容審核，發不出來。已通知管理員。換個說法重新做一個，也許就能發出來。

# 同意下單：點一下就會發送的連結，旁邊是要回覆的文字。
passive-tap = 👉 { $link }（或回覆「{ $typed }」）

# 給一段時間聯絡不上的管理員。
alert-more = 還有 { $count } 條更早的提醒，全文在日誌裡（「for the admins」）。

# 個人微信
alert-ilink-login = 個人微信帳號 { $account } 的登入已失效，收發都停了；做好的影片都存著。請在伺服器上執行 reelbot wechat login --account { $account } 重新掃碼。

ilink-page-title = 登入個人微信
ilink-page-nobody = 還沒有登入任何微信帳號。掃碼的人可以使用機器人，並且是這個帳號的管理員。
ilink-page-accounts = 已登入的帳號：{ $names }。掃碼的人可以使用機器人，並且是這個帳號的管理員。
ilink-page-name = 帳號名（a-z、0-9，可不填）
ilink-page-begin = 顯示二維碼
ilink-page-code = 請用要放機器人的那個微信掃一掃，然後在手機上確認。
ilink-page-scanned = 已掃碼，請在手機上確認。
ilink-page-blocked = 數字輸錯太多次，請掃新的二維碼。
ilink-page-number = 手機上顯示了一個數字，請輸入。
ilink-page-wrong = 數字不對，請再看一下手機，重新輸入。
ilink-page-question = 手機上的數字
ilink-page-send = 提交
ilink-page-done = 登入成功。現在可以在微信裡給機器人發訊息了。
ilink-page-failed = 沒有登入成功，請再試一次。
