# Made from ../zh by tests/messages/traditional.py: change a sentence there, or a word in its CORRECTIONS.
# 命令的說法：有按鈕的聊天裡用斜槓命令，全靠打字的聊天裡用「詞」。後面要接動詞：「傳送 /status 查看」「回覆「狀態」查看」。

-send-status = { CHAT() ->
    [words] 回覆「狀態」
   *[buttons] 傳送 /status{" "}
}
-send-history = { CHAT() ->
    [words] 回覆「歷史」
   *[buttons] 傳送 /history{" "}
}
-send-models = { CHAT() ->
    [words] 回覆「模型」
   *[buttons] 傳送 /models{" "}
}
-send-price = { CHAT() ->
    [words] 回覆「價格」
   *[buttons] 傳送 /price{" "}
}
-send-help = { CHAT() ->
    [words] 回覆「幫助」
   *[buttons] 傳送 /help{" "}
}
-send-video = { CHAT() ->
    [words] 回覆「影片＋想看的畫面」
   *[buttons] 傳送 /video 加上想看的畫面
}
-balance = { CHAT() ->
    [words] 「餘額」
   *[buttons] /balance
}
-settings = { CHAT() ->
    [words] 「設定」
   *[buttons] /settings
}
-admin = { CHAT() ->
    [words] 「管理」
   *[buttons] /admin
}
