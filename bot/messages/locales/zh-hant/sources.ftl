# Made from ../zh by tests/messages/traditional.py: change a sentence there, or a word in its CORRECTIONS.
# 為符合模型要求而對照片或影片所做的改動。

adjusted-source-trimmed = 你發的有 { $asked } 秒，該模型最多用 { $used } 秒，所以只用開頭的部分。
adjusted-source-scaled = 該模型用不了 { $asked } 的影片，已縮放到 { $used }。
