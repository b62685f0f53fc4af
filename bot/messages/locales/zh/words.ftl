# 命令的说法：有按钮的聊天里用斜杠命令，全靠打字的聊天里用“词”。后面要接动词：“发送 /status 查看”“回复“状态”查看”。

-send-status = { CHAT() ->
    [words] 回复“状态”
   *[buttons] 发送 /status{" "}
}
-send-history = { CHAT() ->
    [words] 回复“历史”
   *[buttons] 发送 /history{" "}
}
-send-models = { CHAT() ->
    [words] 回复“模型”
   *[buttons] 发送 /models{" "}
}
-send-price = { CHAT() ->
    [words] 回复“价格”
   *[buttons] 发送 /price{" "}
}
-send-help = { CHAT() ->
    [words] 回复“帮助”
   *[buttons] 发送 /help{" "}
}
-send-video = { CHAT() ->
    [words] 回复“视频＋想看的画面”
   *[buttons] 发送 /video 加上想看的画面
}
-balance = { CHAT() ->
    [words] “余额”
   *[buttons] /balance
}
-settings = { CHAT() ->
    [words] “设置”
   *[buttons] /settings
}
-admin = { CHAT() ->
    [words] “管理”
   *[buttons] /admin
}
