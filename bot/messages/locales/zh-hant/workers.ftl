# Made from ../zh by tests/messages/traditional.py: change a sentence there, or a word in its CORRECTIONS.
# 多個工作程序共用一個資料庫時，任務可能遇到的情況。

error-worker-crashed = 處理這個影片時接連出錯，先放在一邊了。請換張照片或換個說法再試，並告訴管理員。
admin-worker-crashed = 處理這個任務的工作程序接連崩潰，任務已擱置；沒有下單。原因請看這些程序的日誌（記憶體不足？）。
error-record-unreadable = 這個影片的記錄讀不出來，所以沒有做。請重新發一次你的要求。
admin-record-unreadable = 當時執行的版本讀不了它的記錄（日誌寫明了欄位）；沒有產生費用，預留的金額已釋放。
