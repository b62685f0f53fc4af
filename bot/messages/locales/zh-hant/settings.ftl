# Made from ../zh by tests/messages/traditional.py: change a sentence there, or a word in its CORRECTIONS.
# /settings：個人或群管理員設定的預設選項。

settings-title = 你的設定（沒有另外說明時，每個影片都用它）：
settings-title-group = 本群的設定（成員沒有自己設定、也沒有另外說明時使用）：
setting-line = • { $field }：{ $value } ✓
setting-line-default = • { $field }：{ $value }（預設）
settings-price = 按這些設定，{ $seconds } 秒的影片要 { $price }。
settings-in-words = 也可以用文字：設定 模型 veo · 設定 時長 8 · 設定 恢復預設
settings-changed = 已保存。
settings-reset = 已恢復預設。
settings-unknown = 沒有「{ $asked }」這項設定。
settings-unknown-value = 「{ $asked }」在這裡不能用。
settings-page = { $field }：請選一個。
settings-no-choice = { $field }：這個模型沒有別的選擇。
settings-group-admins = 本群的設定只有群管理員能改。你自己的設定，請私聊我發 { -settings }。

setting-model = 模型
setting-seconds = 時長
setting-shape = 畫面比例
setting-resolution = 清晰度
setting-sound = 聲音
setting-language = 語言
setting-zone = 時區
setting-value-seconds = { $seconds } 秒
setting-value-sound =
    { $sound ->
        [on] 有聲
       *[off] 無聲
    }
setting-value-by-model = 由模型決定

clock =
    { $beijing ->
        [yes] UTC+8 時間 { $time }
       *[no] { $time }（{ $zone } 時間）
    }
zone-beijing = UTC+8 時間

button-setting = { $field }：{ $value }
button-setting-price =
    { KNOWN($price) ->
        [yes] { $value }，{ $price }
       *[no] { $value }
    }
button-setting-default = 恢復預設
button-settings-back = « 全部設定
button-settings-reset = 全部恢復預設

typed-set = 設定
typed-set-field = 設定 { $field }
typed-set-value = 設定 { $field } { $value }
typed-set-default = 設定 { $field } 預設
typed-set-reset = 設定 恢復預設
typed-allow = 管理 允許 { $id }
command-settings = 預設的模型、時長、畫面比例
