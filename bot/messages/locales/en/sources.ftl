# What was changed about a photo or video that somebody sent, so that the model takes it.

adjusted-source-trimmed = Your video is { $asked } s long; this model takes { $used } s of it, so I use its beginning.
adjusted-source-scaled = Your video ({ $asked }) was scaled to { $used }, as this model wants it.
