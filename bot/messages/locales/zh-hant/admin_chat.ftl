# Made from ../zh by tests/messages/traditional.py: change a sentence there, or a word in its CORRECTIONS.
# /admin、陌生人通知、暫停下單，以及群裡的花費。

operator-only = 這是給管理員用的。
operator-account = 只看這個微信帳號：
operator-account-only = 你是這個微信帳號的管理員，這個操作要整個機器人的管理員才能做。
operator-private = 這個我只在私聊裡回答，請私聊我再發一次。
operator-unknown =
    沒有 { -admin } { $asked }。可以用：
    { $words }
operator-lacks = 少了點什麼，或者多了點什麼。請這樣寫：{ $usage }
operator-is-paused = 新訂單已暫停（由 { $user } 暫停）。
operator-counts = 申請使用：{ $strangers } · 等待的訂單：{ $waiting } · 製作中：{ $running } · 24 小時內失敗：{ $failed }
operator-words =
    還可以：
    { $words }
operator-usage =
    { CHAT() ->
        [words] { $name ->
            [waiting] 管理 等待
            [running] 管理 任務
            [failed] 管理 失敗
            [spent] 管理 花費
            [stop] 管理 停止 K7QX2AB
            [pause] 管理 暫停
            [resume] 管理 恢復
            [access] 管理 名單
            [allow] 管理 允許 { $somebody }
            [remove] 管理 移除 { $somebody }
           *[other] { $usage }
        }
       *[buttons] { $usage }
    }
operator-more = ……還有 { $count } 個

operator-strangers = 申請使用的人：
operator-strangers-none = 沒有人申請使用。
operator-stranger-line =
    • { $id }{ KNOWN($name) ->
        [yes] 「{ $name }」
       *[no] {""}
    }{ KNOWN($chat) ->
        [yes] （群 { $chat }）
       *[no] {""}
    }，{ $when }
operator-queue = 排隊或等待確認的訂單，按人：
operator-queue-none = 沒有等待的訂單。
operator-queue-line = • { $user }：{ $count }
operator-running = 製作中：
operator-running-none = 沒有正在製作的影片。
operator-running-line = • { $job }，{ $user }，{ $model }：{ $state }
operator-failed = 24 小時內失敗的：
operator-failed-none = 24 小時內沒有失敗的。
operator-failed-line = • { $job }，{ $user }，{ $when }：{ $code }
operator-spent-line =
    • { $user }：{ $spent }{ KNOWN($held) ->
        [yes] ，預留 { $held }
       *[no] {""}
    }

operator-no-job = 沒有任務 { $job }。
operator-stopped = 任務 { $job } 已停止，沒有產生費用，也已告訴本人。
operator-stopping = 已請影片服務停止 { $job }，但仍可能扣費。已告訴本人。
operator-stop-late = 任務 { $job } 已經結束，或者來不及停止了。
operator-paused = 新訂單已暫停，發 { -admin } resume（管理 恢復）後繼續。已經離開佇列的會做完。
operator-paused-already = 新訂單本來就暫停著。
operator-resumed = 又可以下單了。
operator-not-paused = 沒有暫停過。

operator-access = 可以使用這個機器人的：
operator-access-open = • 所有人（設定 REELBOT_ACCESS）
operator-access-admin = • { $id }，管理員（設定 REELBOT_ADMINS）
operator-access-owner = • { $id }，自己那個微信帳號的管理員（掃碼登入）
operator-access-admin-code = • { $id }，管理員（{ $when } 用一次性驗證碼）
operator-code-taken = 你現在是這個機器人的管理員了。發 { -admin } 看看管理員能做什麼。
operator-code-void = 這個驗證碼不對，或者已經失效。執行機器人的人可以用「reelbot setup」得到新的。
operator-access-setting = • { $id }（設定 REELBOT_ACCESS）
operator-access-let-in = • { $id }（{ $user } 於 { $when } 允許）
operator-access-moved = • { $new }（就是設定 REELBOT_ACCESS 裡的群 { $old }，它的 ID 已改，請改成新的）
operator-access-cap = • { $id }：24 小時內已用 { $used }，單獨限額 { $cap }
operator-access-default-cap = 其他每個群 24 小時內可用 { $cap }（設定 REELBOT_GROUP_DAILY_USD）。
operator-no-chat = 沒有叫「{ $name }」的聊天。有：{ $names }。
operator-bad-id = { $id } 不是那個聊天的 ID。誰給機器人發訊息，機器人就會把 ID 告訴誰。
operator-allowed = { $id } 現在可以使用這個機器人了。
operator-allowed-already = { $id } 之前已經允許過了。
operator-allowed-by-setting = 按設定，{ $id } 本來就可以使用。
operator-removed = { $id } 不能再使用這個機器人了。正在製作的會做完。
operator-not-let-in = { $id } 沒有在這裡被允許過。
operator-not-let-in-by-you = { $id } 不是你允許的：只有整個機器人的管理員能移除。
operator-setting-allows = { $id } 是設定（REELBOT_ACCESS 或 REELBOT_ADMINS）允許的，只有運營者能改設定。
operator-cap = 從現在起，{ $id } 24 小時內可用 { $cap }。
operator-cap-off =
    { $id } 不再有單獨的限額。{ KNOWN($cap) ->
        [yes] 按設定的 { $cap } 計算。
       *[no] 設定裡沒有群的限額。
    }
operator-cap-no-group = { $id } 是個人，這種限額只給群用。
operator-help =
    管理員，私聊可用：
    { -admin }：誰在等、在做什麼、花了多少；停止、暫停、允許別人使用

button-allow = 允許 { $id }
let-in = 你現在可以使用這個機器人了。{ -send-help }看看我會做什麼。
stopped-by-admin = 管理員停止了你的影片 { $job }。沒有產生費用。
stopping-by-admin = 管理員要求停止你的影片 { $job }，結果會在這裡告訴你。
orders-paused = 管理員暫停了新訂單。沒有下單，也沒有扣費，請稍後再試。
state-paused = 正在等待：運營者暫停了新訂單。還沒有產生費用。
alert-stranger =
    { KNOWN($name) ->
        [yes] 「{ $name }」（{ $id }）
       *[no] { $id }
    }想使用這個機器人{ KNOWN($chat) ->
        [yes] ，在群 { $chat } 裡
       *[no] {""}
    }。允許請發：{ -admin } allow { $id }
alert-new-admin = { $user } 用「reelbot setup」的驗證碼成為了機器人的管理員。如果你不認識這個人，請發：{ -admin } 移除 { $user }
alert-group-moved = 群 { $old } 升級成了超級群，現在的 ID 是 { $new }。它的設定、影片和額度都跟著過去了。設定 REELBOT_ACCESS 或 REELBOT_ADMINS 裡還是舊 ID，請改成新的。改之前，這個群照常能用。
alert-strangers = 今天申請使用的人太多，不再逐個通知。發 { -admin } waiting（管理 等待）查看。
command-admin = 誰在等、在做什麼、花了多少；允許別人使用

over-group-cap =
    { KNOWN($free_at) ->
        [yes] 這個影片要 { $price }，而本群 24 小時內的額度 { $cap } 還剩 { $left }。{ $free_at } 以後就又有額度了。
       *[no] { $fits ->
            [no] 這個影片要 { $price }，超過了本群 24 小時的額度 { $cap }。請選短一些或便宜一些的，{ -send-price }查看價格。
           *[yes] 這個影片要 { $price }，而本群 24 小時內的額度 { $cap } 還剩 { $left }。等本群正在製作的影片結束後就又有額度了。
        }
    }
over-user-cap-in-group = 這超過了你現在可以花的額度，所以沒有下單。請私聊我發 { -balance } 查看具體數字。
balance-told = 你自己的餘額已經私聊發給你了。
balance-ask-in-private = 你自己的餘額只在私聊裡說：請私聊我發 { -balance }。
balance-group =
    最近 24 小時本群花了 { $spent }{ KNOWN($held) ->
        [yes] ，另有 { $held } 為正在製作的影片預留
       *[no] {""}
    }。額度 { $cap }，還剩 { $left }。
balance-group-no-cap = 本群沒有單獨的限額。
