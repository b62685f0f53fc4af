# 服务器自己的页面
page-400 = 看不懂这个请求。
page-401 = 这里需要登录。请打开机器人的页面登录。
page-403 = 不允许这样做。
page-404 = 这里没有内容，或者它不是你的。
page-405 = 这个地址不能这样使用。
page-413 = 内容太大。
page-429 = 请求太频繁，请等一分钟再试。
page-500 = 这里出了点问题，请稍后再试。
page-503 = 机器人暂时没准备好，请稍后再试。
page-about = 这里运行着 reelbot：在聊天里制作 AI 短视频。
page-about-chats = 正在运行的聊天：{ $chats }。
page-about-none = 现在没有聊天在运行。
page-about-how = 网页聊天没有开启。要开启，请机器人的主人设置 REELBOT_WEB_TOKEN，然后重新启动。
