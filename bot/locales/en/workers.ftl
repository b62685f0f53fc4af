# What many workers on one database can add to a job's story.

error-worker-crashed = Something about this video broke this bot again and again, so I put it aside. Please try it with another photo or other words, and tell the operator.
admin-worker-crashed = Every worker that had this job died over it, so it was set aside; nothing was bought. The logs of those workers say why (memory?).
