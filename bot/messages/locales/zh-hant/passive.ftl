# Made from ../zh by tests/messages/traditional.py: change a sentence there, or a word in its CORRECTIONS.
# 沒有圖片說明、也沒有按鈕的聊天：先發照片再說話，用編號代替按鈕，做好的影片等人來取。

passive-start =
    你好！我能把文字和照片做成短影片。

    試試看，回覆：影片 一隻紅狐狸在雪地裡奔跑
    或者先發一張照片，再用一句話說說想讓它怎麼動。

    做好的影片會發給你；沒收到的話，隨便發條訊息就能領取。
    回覆「幫助」看看我還會什麼。

passive-help =
    回覆「影片＋想看的畫面」：用文字生成影片
    例如：影片 一隻紅狐狸在雪地裡奔跑

    先發照片，再發一句話：讓照片動起來（照片保留 10 分鐘）
    先發影片，再發一句話：按你說的改影片{ $sounds ->
        [yes]
            {""}
            聲音檔案加照片：讓照片開口說；再發一句話：給這段聲音配畫面
       *[no] {""}
    }
    回覆「文生影片＋畫面」：不用照片，只用文字（不要照片了就回覆「取消」）

    想要的效果寫在描述前面或後面：
    高級、均衡、經濟
    5秒、10秒 · 720p、1080p · 橫式、直式、方形
    例如：影片 雨中的紙船，高級，10秒，直式

    每個影片有一個編號，例如 K7：
    確認 K7 · 取消 K7 · 再來 K7 · 領取 K7
    做好的還可以：續寫 K7 · 新版 K7 · 換詞 K7 · 放大 K7（先報價）· 更多 K7 · 刪除 K7
    回覆「1」領取做好的影片
    狀態 · 歷史 · 模型 · 價格 · 設定 · 餘額 · 語言 · 忘記我 · 幫助

passive-video-title = 你的影片做好了
passive-caption = { $caption }，編號 { $code }
passive-film = 續寫 { $code } · 新版 { $code }（先報價）· 更多 { $code } · 刪除 { $code }
passive-videos-wait = 📬 有 { $count } 個影片做好了，回覆「1」領取。
passive-videos-left = 還有 { $count } 個影片做好了，回覆「1」領取下一個。
passive-nothing-waits = 現在沒有可領取的影片。回覆「狀態」看進度，「歷史」看做過的。
passive-video-stuck = 影片 { $code } 已經做好、存好了，但暫時沒能傳到微信。我會繼續試；過一會兒回覆「{ $code }」領取。
passive-on-its-way = 正在準備影片 { $code }，馬上就好。沒收到的話，過半分鐘再回覆「{ $code }」。
passive-unconfirmed = 沒收到？回覆「再來 { $code }」，免費重發。
passive-again = 好的，馬上再發給你一次。
passive-nothing-to-say = 好的。回覆「狀態」看進度。
passive-type = 👉 回覆「{ $typed }」
passive-type-for = 👉 { $what }，回覆「{ $typed }」

# 按鈕對應的文字，寫在編號前面。每個詞都要在 bot/messages/command_words.py 或 text_buttons.py 裡。
typed-cancel = 取消
typed-yes = 確認
typed-again = 再來
typed-fix = 改好再來
typed-erase = 確認刪除
typed-forget-yes = 忘記我 確認
typed-forget-no = 忘記我 不要
typed-pick = 換模型
typed-next = 續寫
typed-take = 新版
typed-pixels = 放大
typed-full = 完整版
typed-sound = 有聲
typed-silent = 無聲
typed-language = 語言 { $language }

state-sent-as-reply = 已經發給你了，想再看一次，回覆它的編號。
