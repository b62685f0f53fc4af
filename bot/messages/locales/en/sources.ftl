# What was changed about a photo or video that somebody sent, so that the model takes it.

adjusted-source-trimmed = What you sent is { $asked } s long, and this model takes { $used } s: only its beginning is used.
adjusted-source-scaled = This model cannot use a video of { $asked }, so yours was scaled to { $used }.
