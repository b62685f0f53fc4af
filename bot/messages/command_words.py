"""Lists the words that give a command, in English and in Chinese, simplified and traditional.

One table for what a person says (bot/conversation/command_parser.py) and for buttons that are typed (text_buttons.py).
"""

_VIDEO_WORDS = (
    "视频 視頻 影片 生成视频 生成視頻 生成影片 做视频 做視頻 做影片 "
    "文生视频 文生視頻 文生影片 图生视频 圖生視頻 圖生影片"
)
_FORGET_WORDS = (
    "忘记我 忘記我 删除我的数据 刪除我的數據 刪除我的資料 删除我的资料 "
    "清除我的数据 清除我的數據 清除我的資料 清除我的资料"
)
_FORGET_PHRASES = (
    "forget me",
    "forget about me",
    "forget everything about me",
    "delete my data",
    "delete all my data",
    "erase my data",
)
_LONGER_PHRASES = ("keep going", "make it longer", "continue it", "continue the film", "continue the video")
_LONGER_WORDS = "续写 續寫 继续 繼續 继续吧 繼續吧 接着 接著 接着拍 接著拍 加长 加長 延长 延長"
COMMAND_WORDS: dict[str, tuple[str, ...]] = {
    "video": ("video", "vid", "generate", *_VIDEO_WORDS.split()),
    "status": ("status", "状态", "狀態", "进度", "進度"),
    "cancel": ("cancel", "stop", "取消", "停止"),
    "history": ("history", "历史", "歷史", "记录", "記錄"),
    "again": ("again", "resend", "再来", "再來", "重发", "重發", "再来一次", "再來一次"),
    "continue": ("continue", "longer", "extend", *_LONGER_PHRASES, *_LONGER_WORDS.split()),
    "retake": ("retake", "another take", "新版", "再来一条", "再來一條", "再来一版", "再來一版"),
    "enlarge": ("upscale", "upscale it", "enlarge", "sharper", "放大", "高清化", "高清版", "变清晰", "變清晰"),
    "full": ("full", "in full", "full version", "完整版", "正式版"),
    "unmute": ("sound on", "有声", "有聲"),
    "mute": ("sound off", "无声", "無聲"),
    "more": ("more", "更多"),
    "reword": ("reword", "换词", "換詞", "改词", "改詞", "换句话", "換句話"),
    "swap": ("swap", "换模型", "換模型", "换个模型", "換個模型"),
    "original": ("original", "原片"),
    "delete": ("delete", "删除", "刪除"),
    "erase": ("erase", "确认删除", "確認刪除"),
    "forget": ("forget", *_FORGET_PHRASES, *_FORGET_WORDS.split()),
    "confirm": ("confirm", "yes", "确认", "確認", "同意"),
    "balance": ("balance", "余额", "餘額", "额度", "額度"),
    "ideas": ("ideas", "灵感", "靈感", "运镜", "運鏡"),
    "models": ("models", "model", "模型"),
    "price": ("price", "prices", "价格", "價格", "多少钱", "多少錢"),
    "settings": ("settings", "setting", "preferences", "设置", "設置", "设定", "設定", "偏好"),
    "admin": ("admin", "管理"),
    "language": ("language", "lang", "语言", "語言"),
    "help": ("help", "帮助", "幫助"),
    "start": ("start", "开始", "開始"),
}
