# What many workers on one database can add to a job's story.

error-worker-crashed = Something about this video broke this bot again and again, so I put it aside. Please try it with another photo or other words, and tell the operator.
admin-worker-crashed = Every worker that had this job died over it, so it was set aside; nothing was bought. The logs of those workers say why (memory?).
error-record-unreadable = What was noted about this video cannot be read any more, so it was not made. Please send your request again.
admin-record-unreadable = Its row could not be read by the version that ran then (the log names the field); nothing was bought, and what was reserved is free again.
