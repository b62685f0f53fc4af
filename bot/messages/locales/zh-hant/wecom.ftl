# Made from ../zh by tests/messages/traditional.py: change a sentence there, or a word in its CORRECTIONS.
# 企業微信：智慧機器人自己說的話，以及給管理員的提醒。

wecom-welcome =
    你好！告訴我你想看到什麼，也可以附一張照片，我來做成影片。
    付費之前一定先告訴你價格。發「幫助」瞭解更多。
wecom-restarting = 我正在重啟，這條訊息沒有記下。請過一分鐘再發一次。

alert-wecom-thrown-out = 有別的程式用這個機器人連上了企業微信，把本程式擠下線了：企業微信只允許每個機器人保持一個連線。請停掉那個程式，或者為它另建一個機器人。最早十分鐘後我會重試；在此之前企業微信裡收不到也發不出訊息，影片不會丟失。
alert-wecom-refused = 企業微信拒絕了智慧機器人（853000）：WECOM_BOT_ID 或 WECOM_BOT_SECRET 不對，或者機器人被改成了回撥網址方式。請在企業微信的機器人頁面選擇「長連線」，把兩項重新複製到 .env，然後重啟。影片不會丟失。
