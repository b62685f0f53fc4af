# What the bot says about a job: the order, what was adjusted, where it stands, how it ended.

ack =
    🎬 On it: { $model }{ KNOWN($duration) ->
        [yes] , { $duration } s
       *[no] {""}
    }{ KNOWN($resolution) ->
        [yes] , { $resolution }
       *[no] {""}
    }{ $sound ->
        [on] , with sound
        [off] , silent
       *[none] {""}
    }{ KNOWN($shape) ->
        [yes] , { $shape }
       *[no] {""}
    }, { $price }. Job { $job }.
ack-up-to =
    🎬 On it: { $model }{ KNOWN($duration) ->
        [yes] , { $duration } s
       *[no] {""}
    }{ KNOWN($resolution) ->
        [yes] , { $resolution }
       *[no] {""}
    }{ $sound ->
        [on] , with sound
        [off] , silent
       *[none] {""}
    }{ KNOWN($shape) ->
        [yes] , { $shape }
       *[no] {""}
    }, up to { $price }. Job { $job }.
caption =
    { $model }{ KNOWN($duration) ->
        [yes] , { $duration } s
       *[no] {""}
    }{ KNOWN($resolution) ->
        [yes] , { $resolution }
       *[no] {""}
    }{ $sound ->
        [on] , with sound
        [off] , silent
       *[none] {""}
    }{ KNOWN($price) ->
        [yes] , { $price }
       *[no] {""}
    }

length-unknown = I cannot see how long it is: this is the price of the longest that can be used, and a shorter one costs less.

refusals-charged = The maker of this model may charge even for what its own filter refuses.

adjusted-duration = This model cannot make { $asked } s; the nearest it can is { $used } s.
adjusted-resolution = This model cannot make { $asked }; the nearest it can is { $used }.
adjusted-aspect-ratio = This model cannot make { $asked }; the nearest shape it can is { $used }.
adjusted-model = { $asked } cannot make this kind of video, so { $used } does it, at the price shown.
adjusted-model-unavailable = { $asked } is not available at the moment, so { $used } does it, at the price shown.
adjusted-prompt = Your text is longer than this model reads; only its beginning is used.
adjusted-seed = This model cannot use seed { $asked }; the nearest it can is { $used }.
adjusted-sound = This model’s films always have { $used ->
        [on] sound
       *[off] no sound
    }; your film will be so, too.
adjusted-words = This model reads no words: only the photo and the recording count.
adjusted-sound-alone = One photo and one recording make a film: what else you sent ({ $asked }) stays out.
adjusted-sound-ends = Your recording ends with the first part: what goes on has the model’s own sound.
adjusted-photos-frames = From a first photo to a last one takes exactly two photos; what can be made stands below.
adjusted-photos-frames-two = This model does not go from a first photo to a last one; what can be made stands below.
adjusted-photos-likeness = This model does not make one video of what several photos show; what can be made stands below.
adjusted-other = { $used } is used instead of { $asked }.
adjusted-source = Your photo or video was changed to a form that this model takes.
adjusted-source-padded = The picture is too small or too narrow for this model, so it got a margin.
adjusted-dropped =
    { $field ->
        [duration] { $asked } s is not possible here; the film is as long as what you sent.
        [resolution] { $asked } is not possible; this model has one resolution only.
        [aspect_ratio] { $asked } is not possible with a photo or video here; the film has its shape.
        [seed] Seed { $asked } has no effect; this model takes none.
        [photos] What you said about several photos has no effect: there are not several.
       *[other] One of your options is not possible with this model; the film is made without it.
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
card-made = Being made; the video comes here.
usual-under = Usually done in under a minute.
usual-about =
    { $minutes ->
        [one] Usually takes about a minute.
       *[other] Usually takes about { $minutes } minutes.
    }
usual-between = Usually takes { $least } to { $most } minutes.
card-folded = Job { $job }: { $state }
card-below = Job { $job }: more on it stands below.
state-long-running = Still rendering. This one takes long; you will get it as soon as it is done.
state-downloading = Rendered. Fetching the video…
state-ready = The video is here. Sending it in a moment…
state-uploading = Sending the video…
state-delivered = Done.
state-undelivered = The video is finished, but it cannot be sent here right now. I keep it and keep trying.
state-delivery-unconfirmed =
    I sent the video but got no confirmation. { CHAT() ->
        [words] If it did not arrive, I send it again, for nothing.
       *[buttons] If it did not arrive, press “Send again”; that costs nothing.
    }
state-submit-unconfirmed = The video service did not confirm this order, so it may have been charged. If the video turns up, you get it. I do not order it again by myself, so that you do not pay twice; to try anew, send your request once more.
state-parked = The video service gives no clear answer about this one, so I have set it aside. I keep asking; if your video is there, you get it, and it is not charged again.
order-unconfirmed = The video service has not confirmed this order yet. I keep waiting and looking for it; nothing is bought twice, and there is nothing for you to do. If your video comes, you get it.
state-failed = It did not work out.
state-cancelled = Cancelled.
state-cancelled-free = Cancelled. Nothing was charged.
state-deleted = Deleted.

cancelled-free = Job { $job } is cancelled. Nothing was charged.
cancel-requested-running = Cancelling. The video service had already begun, so it may still charge this one; if it finishes all the same, you get the video.
cancel-too-late = Too late to cancel { $job }: it is already over. If its video is finished, you get it.
cancel-nothing = There is nothing to cancel.
cancel-which = Several videos are in the works. Which one shall I stop?
job-unknown = I cannot find a job { $job } of yours. { -status } shows what is in the works, { -history } what was made.

button-cancel =
    { CHAT() ->
        [words] To stop it
       *[buttons] Cancel
    }
button-resend =
    { CHAT() ->
        [words] If it did not arrive (free)
       *[buttons] Send again
    }
button-ask-again =
    { CHAT() ->
        [words] To ask again (free)
       *[buttons] Ask again
    }
