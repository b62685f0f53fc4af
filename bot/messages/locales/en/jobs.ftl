# What the bot says about a job: the order, what was adjusted, where it stands, how it ended.

ack =
    🎬 On it: { $model }{ KNOWN($duration) ->
        [yes] , { $duration } s
       *[no] {""}
    }{ KNOWN($resolution) ->
        [yes] , { $resolution }
       *[no] {""}
    }, { $price }. Job { $job }.
ack-up-to =
    🎬 On it: { $model }{ KNOWN($duration) ->
        [yes] , { $duration } s
       *[no] {""}
    }{ KNOWN($resolution) ->
        [yes] , { $resolution }
       *[no] {""}
    }, up to { $price }. Job { $job }.
caption =
    { $model }{ KNOWN($duration) ->
        [yes] , { $duration } s
       *[no] {""}
    }{ KNOWN($resolution) ->
        [yes] , { $resolution }
       *[no] {""}
    }{ KNOWN($price) ->
        [yes] , { $price }
       *[no] {""}
    }

length-unknown = I cannot see how long your video is: this is the price of the longest that can be used, and a shorter one costs less.

adjusted-duration = { $asked } s becomes { $used } s, the nearest length this model makes.
adjusted-resolution = { $asked } becomes { $used }, the nearest resolution this model makes.
adjusted-aspect-ratio = { $asked } becomes { $used }, the nearest shape this model makes.
adjusted-model = { $asked } cannot do this, so { $used } does it, at the price shown.
adjusted-prompt = Your text was shortened to what this model reads.
adjusted-seed = Seed { $asked } becomes { $used }, the nearest this model takes.
adjusted-other = { $asked } becomes { $used }.
adjusted-source = Your photo or video was adjusted to what this model takes.
adjusted-source-padded = Your photo got a margin, because this model takes no photo that small or that long.
adjusted-dropped =
    { $field ->
        [duration] The length follows your video; a length of your own is not possible here.
        [resolution] This model has one resolution only; yours was left out.
        [aspect_ratio] The shape follows your photo or video; yours was left out.
        [seed] This model takes no seed; yours was left out.
       *[other] This model lacks one of your options; it was left out.
    }

state-queued =
    { $place ->
        [0] Waiting for its turn.
        [1] Waiting for its turn, next in line.
       *[other] Waiting for its turn, number { $place } in line.
    }
state-no-room = Waiting: the bot has no room for the video right now. It starts by itself once there is; nothing is charged until then.
state-preparing = Getting everything ready…
state-submitting = Placing the order…
state-fal-queue =
    { $position ->
        [0] Ordered; waiting for a free machine.
        [1] Ordered; next in line at the video service.
       *[other] Ordered; number { $position } in line at the video service.
    }
state-rendering =
    { MINUTES($elapsed) ->
        [0] Rendering, { SECONDS($elapsed) } s so far…
       *[other] Rendering, { MINUTES($elapsed) } min { SECONDS($elapsed) } s so far…
    }
state-long-running = Still rendering. This one takes long; you will get it as soon as it is done.
state-downloading = Rendered. Fetching the video…
state-ready = The video is here. Sending it in a moment…
state-uploading = Sending the video…
state-delivered = Done.
state-undelivered = The video is finished, but this chat does not take it right now. I keep it and keep trying.
state-delivery-unconfirmed = I sent the video but got no confirmation. If it did not arrive, press “Send again”; that costs nothing.
state-submit-unconfirmed = The video service did not confirm this order, so it may have been charged. If it turns up, you get it. Nothing is bought again unless you ask: to try anew, send your request once more.
state-parked = The video service answers strangely about this one, so I have set it aside. I keep asking; if your video is there, you get it, and it is not charged again.
order-unconfirmed = The video service has not confirmed this order yet. I keep waiting and looking for it; nothing is bought twice, and there is nothing for you to do. If your video comes, you get it.
state-failed = It did not work out.
state-cancelled = Cancelled.
state-cancelled-free = Cancelled. Nothing was charged.

cancelled-free = Job { $job } is cancelled. Nothing was charged.
cancel-requested-running = Cancelling. The video service had already begun, so it may still charge this one; if it finishes all the same, you get the video.
cancel-too-late = Too late to cancel { $job }: it is already over. If its video is finished, you get it.
cancel-nothing = There is nothing to cancel.
cancel-which = Several videos are in the works. Which one shall I stop?
job-unknown = You have no job { $job }. /status and /history show yours.

button-cancel = Cancel
button-resend = Send again
button-ask-again = Ask again
