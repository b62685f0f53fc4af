# 为符合模型要求而对照片或视频所做的改动。

adjusted-source-trimmed = 你发的有 { $asked } 秒，该模型最多用 { $used } 秒，所以只用开头的部分。
adjusted-source-scaled = 该模型用不了 { $asked } 的视频，已缩放到 { $used }。
