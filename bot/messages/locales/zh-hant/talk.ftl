# Made from ../zh by tests/messages/traditional.py: change a sentence there, or a word in its CORRECTIONS.
# 機器人被問到時說的話：問候、幫助、清單、提示。

start =
    { CHAT() ->
        [words]
            你好！我能把文字和照片做成短影片，直接發到這個聊天裡。

            試試看，回覆：影片 一隻紅狐狸在雪地裡奔跑
            也可以先發一張照片，再用一句話說說想讓它怎麼動。

            回覆「幫助」看看我還會什麼。
       *[buttons]
            你好！我能把文字和照片做成短影片，直接發到這個聊天裡。

            試試看：/video 一隻紅狐狸在雪地裡奔跑
            也可以發一張照片，在說明文字裡寫上想讓它怎麼動。

            傳送 /help 看看我還會什麼。
    }

start-job = 好了，現在我可以在這裡給你發訊息了。你的影片：
button-open-once = 點一次「開始」，我才能私聊你

help =
    { CHAT() ->
        [words]
            回覆「影片＋想看的畫面」：用文字生成影片
            例如：影片 一隻紅狐狸在雪地裡奔跑

            先發照片，再發一句話：讓照片動起來。
            先發影片，再發一句話：按你說的改影片。
            聲音檔案加照片：讓照片開口說。先發聲音檔案，再發一句話：給這段聲音配畫面。
            在群裡請 @我：把照片放在同一條訊息裡，或者引用那張照片。

            想要的效果，寫在描述的前面或後面：
            高級、均衡、經濟（畫質與價格）
            5秒、10秒（時長）
            480p、720p、1080p（清晰度）
            橫式、直式、方形（畫面比例）
            種子 7（用同一個數字，結果變化更小）
            模型 veo（清單中的任意模型）
            例如：影片 雨中的紙船，高級，10秒，直式

            狀態：正在製作的影片
            取消：取消影片
            歷史：你最近的影片
            續寫：接著做好的影片往下拍，例如：續寫 K7QX2AB 她轉過身來
            再來：重新發送影片，或重做失敗的影片
            放大：把做好的影片變清晰，例如：放大 K7QX2AB 到 4k
            刪除：刪除做好的影片，例如：刪除 K7QX2AB
            靈感：可以加的運鏡和風格
            模型：所有模型
            價格：查詢價格，例如：價格 高級 10秒
            設定：沒有另外說明時我用的選項，例如：設定 模型 veo
            餘額：花了多少，還剩多少
            語言：切換語言
            忘記我：清除你的全部內容
            幫助：這份說明
       *[buttons]
            /video 加上你想看的畫面：用文字生成影片
            /video 一隻紅狐狸在雪地裡奔跑

            照片加說明文字：讓照片動起來。
            影片加說明文字：按你說的改影片。
            聲音檔案（在 Telegram 裡也可以是語音）加照片：讓照片開口說。加文字：給這段聲音配畫面。
            在群裡，說明文字請以 /video 開頭，或者用 /video 回覆一張照片。

            想要的效果，寫在描述的前面或後面：
            premium、balanced、budget（畫質與價格：高級、均衡、經濟）
            5s、10s 或 5秒、10秒（時長）
            480p、720p、1080p（清晰度）
            16:9、9:16、1:1 或 橫式、直式、方形（畫面比例）
            seed 7（用同一個數字，結果變化更小）
            --model veo（清單中的任意模型）
            例如：/video 雨中的紙船，premium，10秒，直式

            /status：正在製作的影片
            /cancel：取消影片
            /history：你最近的影片
            /continue：接著做好的影片往下拍，例如 /continue K7QX2AB 她轉過身來
            /again：重新發送影片，或重做失敗的影片
            /delete：刪除做好的影片，例如 /delete K7QX2AB
            /ideas：可以加的運鏡和風格
            /models：所有模型
            /price：查詢價格，例如 /price premium 10s
            /settings：沒有另外說明時我用的選項，例如 /settings 模型 veo
            /balance：花了多少，還剩多少
            /language：切換語言
            /forget：清除你的全部內容
            /help：這份說明

            也可以直接用中文：影片、狀態、取消、歷史、模型、價格、設定、語言、忘記我、幫助。
    }

unknown-command =
    { CHAT() ->
        [words] 沒有「{ $word }」這個命令。
       *[buttons] 沒有 /{ $word } 這個命令。
    }{ -send-help }看看我會什麼。
unknown-command-suggestion =
    { CHAT() ->
        [words] 沒有「{ $word }」這個命令。你是想用「{ $suggestion ->
            [video] 影片
            [status] 狀態
            [cancel] 取消
            [history] 歷史
            [again] 再來
            [confirm] 確認
            [models] 模型
            [price] 價格
            [balance] 餘額
            [language] 語言
            [help] 幫助
            [start] 開始
           *[other] { $suggestion }
        }」嗎？
       *[buttons] 沒有 /{ $word } 這個命令。你是想用 /{ $suggestion } 嗎？
    }{ -send-help }看看我會什麼。
status-none = 現在沒有正在做的影片。想做的話，{ -send-video }就行。
status-line = { $job }：{ $state }「{ $prompt }」

history-none = 還沒有做過影片。{ -send-video }，做出第一個吧。
history-title = 你最近的影片（{ $zone }）：
history-line =
    { $job }，{ $when }{ KNOWN($price) ->
        [yes] ，{ $price }
       *[no] {""}
    }{ $free ->
        [yes] ，免費
       *[no] {""}
    }{ KNOWN($parts) ->
        [yes] ，{ $parts }
       *[no] {""}
    }：{ $state }「{ $prompt }」

models-title =
    所有模型，以及約 5 秒影片的價格{ CHAT() ->
        [words] （想用哪個，寫在描述後面：高級，或者模型名）
       *[buttons] {""}
    }：
models-line =
    { KNOWN($tier) ->
        [yes] • { $tier ->
            [budget] 經濟
            [balanced] 均衡
            [premium] 高級
           *[other] { $tier }
        }{ CHAT() ->
            [words] {""}
           *[buttons] （{ $tier }）
        }：{ $name }
       *[no] • { CHAT() ->
            [words] { $key }
           *[buttons] { $name }（--model { $key }）
        }
    }{ KNOWN($price) ->
        [yes] ，{ $price }
       *[no] {""}
    }{ KNOWN($duration) ->
        [yes] （{ $duration } 秒）
       *[no] {""}
    }{ KNOWN($seconds) ->
        [yes] {" "}{ $seconds }s
       *[no] {""}
    }{ KNOWN($signs) ->
        [yes] {" "}{ $signs }
       *[no] {""}
    }{ $off ->
        [all] 。暫時不可用
        [some] 。部分功能暫時不可用
       *[no] {""}
    }

models-column-name = 模型
models-column-narrow =
    { CHAT() ->
        [words] 模型 · 名稱
       *[buttons] 模型 · --model
    }
models-column-length = 秒
models-column-signs = 特點
models-column-say = 怎麼選
models-column-price = 約 5 秒的價格
models-column-seconds = 秒數
models-column-sound = 聲音
models-column-pictures = 照片
models-column-best = 擅長
models-cell-name = { $name }
models-cell-narrow =
    { $name } · { KNOWN($tier) ->
        [yes] { $tier ->
            [budget] 經濟
            [balanced] 均衡
            [premium] 高級
           *[other] { $tier }
        }
       *[no] { $key }
    }
models-cell-say =
    { KNOWN($tier) ->
        [yes] { $tier ->
            [budget] 經濟
            [balanced] 均衡
            [premium] 高級
           *[other] { $tier }
        }
       *[no] { CHAT() ->
            [words] 模型 { $key }
           *[buttons] --model { $key }
        }
    }
models-cell-price =
    { $price }{ KNOWN($duration) ->
        [yes] （{ $duration } 秒）
       *[no] {""}
    }{ $off ->
        [all] 暫不可用
        [some] ，部分暫不可用
       *[no] {""}
    }
models-cell-seconds = { $seconds }
models-cell-length = { $seconds }
models-cell-sound =
    { $sound ->
        [choice] 可選
        [always] 有
       *[other] 無
    }
models-cell-signs =
    { $sound ->
        [choice] {" "}🔈
        [always] {" "}🔊
        [never] {" "}🔇
       *[other] {""}
    }{ INCLUDES($modes, "first-last-frame-to-video") ->
        [yes] {" "}2🖼
       *[no] {""}
    }{ KNOWN($references) ->
        [yes] {" "}👥{ $references }
       *[no] {""}
    }{ INCLUDES($modes, "extend-video") ->
        [yes] {" "}➕
       *[no] {""}
    }{ INCLUDES($modes, "video-to-video") ->
        [yes] {" "}✏️
       *[no] {""}
    }
models-cell-pictures =
    { INCLUDES($modes, "image-to-video") ->
        [yes] 1 張
       *[no] {""}
    }{ INCLUDES($modes, "first-last-frame-to-video") ->
        [yes] 、首尾幀
       *[no] {""}
    }{ KNOWN($references) ->
        [yes] 、參考圖 { $references } 張
       *[no] {""}
    }
models-cell-best = { $best }
models-best-words = 文字成品排名前列
models-best-photos = 照片成品排名第一
models-best-cheap = 價格低
models-best-sharp = 4K 畫質
models-best-long = 長影片
models-best-likeness = 同一張臉、同一件東西
models-best-continue = 續寫
models-best-edit = 改影片
models-best-draft = 便宜的草稿
models-best-speak = 讓照片說出你的錄音
models-best-and = { $first }，{ $other }
models-signs = 🔊 有聲，🔈 可選，🔇 無聲 · 2🖼 首尾幀 · 👥 參考圖張數 · ➕ 續寫 · ✏️ 改影片

price-title = 影片價格：
price-line =
    • { $model }{ KNOWN($duration) ->
        [yes] ，{ $duration } 秒
       *[no] {""}
    }{ KNOWN($resolution) ->
        [yes] ，{ $resolution }
       *[no] {""}
    }{ $sound ->
        [on] ，有聲
        [off] ，無聲
       *[none] {""}
    }：{ $price }
price-column-name = 模型
price-column-seconds = 秒數
price-column-resolution = 清晰度
price-column-sound = 聲音
price-column-price = 價格
price-cell-name = { $model }
price-cell-seconds = { $duration }
price-cell-resolution = { $resolution }
price-cell-sound =
    { $films ->
        [on] 有
       *[off] 無
    }
price-cell-price = { $price }
price-note =
    加上模型、時長或清晰度，就能查到對應的價格，例如：{ CHAT() ->
        [words] 價格 均衡 10秒 1080p
       *[buttons] /price 均衡 10秒 1080p
    }。修改你自己的影片，按影片長度計價。

language-choose = 希望我用哪種語言？
language-set = 好的，以後我和你說繁體中文。
language-unknown = 我還不會「{ $asked }」。想用下面哪一種？

stranger =
    { CHAT() ->
        [words] 這裡目前只對受邀使用者開放。
       *[buttons] 這個機器人目前只對受邀使用者開放。
    }想用的話，把下面這串 ID 發給管理員：
    { $id }
    你的訊息沒有儲存，只記下了你的 ID、顯示的名字和時間。
group-stranger =
    這個機器人目前只對受邀的使用者和群開放。想用的話，把下面任意一個 ID 發給管理員：
    { $id }（只有你）
    { $chat }（群裡所有人）
    你的訊息沒有儲存，只記下了你的 ID、顯示的名字和時間。

too-much-waits = 訊息太多，我一下子處理不過來：這裡已有 { $count } 條在排隊，你最新的幾條沒有儲存，也不會扣費。請等我回覆後，把缺的再發一次。
internal-error = 我們這邊出了點問題，沒能處理你的訊息，沒有扣費。請過一分鐘再試一次。
job-unreadable = 編號 { $job } 的記錄暫時讀不出來。影片會保留，不會重複扣費，管理員已收到通知。
job-unreadable-free = 編號 { $job } 沒能開始：它的記錄讀不出來。沒有扣費。請重新發一次你的要求。

command-video = 用文字、照片或影片生成影片
command-status = 正在製作的影片
command-cancel = 取消影片
command-history = 你最近的影片
command-ideas = 運鏡和風格
command-models = 所有模型和價格
command-price = 查詢影片價格
command-language = 切換語言
command-help = 我會什麼，附例子

ideas-title = 運鏡、風格和光線。單獨發一個，就加到你沒確認的報價後面，價格不變；也可以自己寫在描述後面：紅狐狸在跑，推鏡頭
ideas-camera = 運鏡
ideas-style = 風格
ideas-light = 光線
ideas-alone = 「{ $phrase }」要寫在描述後面。先寫發生什麼，例如：紅狐狸在雪地裡跑，{ $phrase }
ideas-there = 已經寫了「{ $phrase }」。
idea-push-in = 推鏡頭
idea-pull-out = 拉鏡頭
idea-orbit = 環繞鏡頭
idea-tracking = 跟拍
idea-pan = 搖鏡頭
idea-crane-up = 升鏡頭
idea-aerial = 航拍
idea-handheld = 手持鏡頭
idea-close-up = 特寫鏡頭
idea-slow-motion = 慢動作
idea-time-lapse = 延時攝影
idea-cinematic = 電影感
idea-film-grain = 膠片顆粒感
idea-anime = 動漫風格
idea-clay = 黏土動畫
idea-watercolour = 水彩風格
idea-ink = 水墨風格
idea-monochrome = 黑白畫面
idea-vintage = 復古錄影帶質感
idea-cyberpunk = 賽博朋克風格
idea-golden-hour = 黃昏暖光
idea-backlit = 逆光拍攝
idea-neon = 霓虹燈光
idea-mist = 清晨薄霧
