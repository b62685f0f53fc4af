# 为符合模型要求而对照片或视频所做的改动。

adjusted-source-trimmed = 你的视频长 { $asked } 秒，该模型最多接受 { $used } 秒，因此只用了开头部分。
adjusted-source-scaled = 已按该模型的要求，把你的视频从 { $asked } 缩放到 { $used }。
