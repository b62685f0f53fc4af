# Made from ../zh by tests/messages/traditional.py: change a sentence there, or a word in its CORRECTIONS.
# 伺服器自己的頁面
page-400 = 看不懂這個請求。
page-401 = 這裡需要登入。請開啟機器人的頁面登入。
page-403 = 不允許這樣做。
page-404 = 這裡沒有內容，或者它不是你的。
page-405 = 這個網址不能這樣使用。
page-413 = 內容太大。
page-429 = 請求太頻繁，請等一分鐘再試。
page-500 = 這裡出了點問題，請稍後再試。
page-503 = 機器人暫時沒準備好，請稍後再試。
page-about = 這裡執行著 reelbot：在聊天裡製作 AI 短影片。
page-about-chats = 正在執行的聊天：{ $chats }。
page-about-none = 現在沒有聊天在執行。
page-about-how = 網頁聊天沒有開啟。要開啟，請機器人的主人設定 REELBOT_WEB_TOKEN，然後重新啟動。
