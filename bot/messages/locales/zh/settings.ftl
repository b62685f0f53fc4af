# /settings：个人或群管理员设定的默认选项。

settings-title = 你的设置（没有另外说明时，每个视频都用它）：
settings-title-group = 本群的设置（成员没有自己设置、也没有另外说明时使用）：
setting-line = • { $field }：{ $value } ✓
setting-line-default = • { $field }：{ $value }（默认）
settings-price = 按这些设置，{ $seconds } 秒的视频要 { $price }。
settings-in-words = 也可以用文字：设置 模型 veo · 设置 时长 8 · 设置 恢复默认
settings-changed = 已保存。
settings-reset = 已恢复默认。
settings-unknown = 没有“{ $asked }”这项设置。
settings-unknown-value = “{ $asked }”在这里不能用。
settings-page = { $field }：请选一个。
settings-no-choice = { $field }：这个模型没有别的选择。
settings-group-admins = 本群的设置只有群管理员能改。你自己的设置，请私聊我发 { -settings }。

setting-model = 模型
setting-seconds = 时长
setting-shape = 画面比例
setting-resolution = 清晰度
setting-sound = 声音
setting-language = 语言
setting-zone = 时区
setting-value-seconds = { $seconds } 秒
setting-value-sound =
    { $sound ->
        [on] 有声
       *[off] 无声
    }
setting-value-by-model = 由模型决定

clock =
    { $beijing ->
        [yes] 北京时间 { $time }
       *[no] { $time }（{ $zone } 时间）
    }
zone-beijing = 北京时间

button-setting = { $field }：{ $value }
button-setting-price =
    { KNOWN($price) ->
        [yes] { $value }，{ $price }
       *[no] { $value }
    }
button-setting-default = 恢复默认
button-settings-back = « 全部设置
button-settings-reset = 全部恢复默认

typed-set = 设置
typed-set-field = 设置 { $field }
typed-set-value = 设置 { $field } { $value }
typed-set-default = 设置 { $field } 默认
typed-set-reset = 设置 恢复默认
typed-allow = 管理 允许 { $id }
command-settings = 默认的模型、时长、画面比例
