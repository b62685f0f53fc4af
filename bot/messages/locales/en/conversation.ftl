# Offers, drafts, small talk: what is said between a wish and an order.

offer-replaced = This has changed: the newer offer stands below. Nothing was charged.
offer-shape = { $what }, { $shape }
offer-repeat =
    Still open: { $what }, { $price }. { CHAT() ->
        [words] “confirm { $code }” makes it, “cancel { $code }” drops it.
       *[buttons] “yes” makes it, “no” drops it.
    }
draft-photo =
    { $kind ->
        [video] { $count ->
            [1] Got the video! Say what should change in it.
           *[other] Got { $count } videos! Say in one sentence what should change.
        }
       *[image] { $count ->
            [1] Got the photo! Say how it should move.
            [2] Got 2 photos! Say in one sentence what should happen from the first to the second, or how they should move.
           *[other] Got { $count } photos! Say in one sentence how they should move.
        }
    } I tell you the price{ KNOWN($price) ->
        [yes] {" "}({ $price }{ $count ->
            [1] {""}
           *[other] {" "}each
        })
       *[no] {""}
    } and begin only when you say yes. “cancel” drops it; I keep it for 10 minutes.
draft-sound =
    Got the recording! Send a photo and I make it speak, or say in one sentence what is seen to it. I tell you the price{ KNOWN($price) ->
        [yes] {" "}({ $price })
       *[no] {""}
    } and begin only when you say yes. “cancel” drops it; I keep it for 10 minutes.
sound-film = I can make a photo speak your recording, but not a video. Please send a photo, or say in words what is seen to it. “cancel” drops what you sent.
sound-words = They speak to the camera, their lips in step with the sound.
from-sound =
    { $photo ->
        [yes] Your photo speaks your recording.
       *[no] With the sound of your recording.
    }
frames-words = A smooth change of one picture into the other
draft-words = I have your words: “{ $words }”. If a photo belongs to them, send it within 10 minutes.
draft-dropped = All right, I let it be. Nothing was charged.
draft-wishes = Noted: { $wishes }. It is for your next video: say what it should show, or send a photo.
no-but-active =
    { $job } is still being made. { CHAT() ->
        [words] To stop it, send “cancel { $job }”.
       *[buttons] To stop it: /cancel { $job }
    }
said-thanks = You are welcome! Say it any time you would like another video.
said-hello = Hello! Say what you would like to see, or send a photo first. I name the price, and begin only when you say yes.
said-bye = Goodbye! Write to me any time you would like a video.
said-question-how = Say what you would like to see, for example: a red fox runs through fresh snow. Or send a photo and say how it should move. I name the price, and begin only when you say yes. { -help } shows more.
said-question-price =
    { KNOWN($price) ->
        [yes] A video of about 5 seconds costs { $price }; the model, the length and the sharpness make it more or less.
       *[no] The price depends on the model, the length and the sharpness.
    } I always name it first, and nothing is charged before your yes. { -price } shows the prices.
said-question-time = Most videos take a few minutes, and you get yours as soon as it is done. { -status } shows how far it is.
said-noise = To make a video, just say what you would like to see, or send a photo.
photo-wanted =
    { KNOWN($price) ->
        [yes] Please send the photo: I begin as soon as it is here, for { $price }.
       *[no] Please send the photo: I begin as soon as it is here.
    } “cancel” drops it.
photo-wanted-addressed =
    A photo that is sent by itself does not reach me in a group. Please send it in one message with @me, or reply to it with @me{ KNOWN($price) ->
        [yes] : I begin as soon as it is here, for { $price }
       *[no] : I begin as soon as it is here
    }. “@me cancel” drops it.
from-photos =
    { $how ->
        [frames] With your { $count } photos: from the first to the second.
       *[likeness] With your { $count } photos: one video of what they show.
    }
from-source =
    { $kind ->
        [video] With your video.
       *[image] With your photo.
    }
second-command = Your message holds a second command: “{ $second }”. I read one at a time, so nothing has been ordered or changed. Please send each in a message of its own.
words-wanted = What would you like to see? One sentence is enough.
source-unusable =
    { $what ->
        [sticker] A sticker does not work here.
        [voice] I cannot hear voice messages yet.
        [audio] Sound files do not work here.
        [location] A place does not work here.
        [contact] A contact does not work here.
        [poll] A poll does not work here.
        [dice] A dice does not work here.
        [story] I cannot open stories.
        [paid] I cannot open paid media.
        [link] I cannot open links.
       *[file] I cannot use this kind of file.
    } Please { $what ->
        [voice] write it down
       *[other] send a photo or a video, or say in words what you would like to see
    }. Nothing was ordered.
button-other-model = Another model
album-too-many = You sent { $count }, and I take { $most } at once: the first { $most } are kept. Please send the others again later.
already-cancelled = { $job } is cancelled already.
toast-ordered = Ordered
toast-not-yours = This one belongs to somebody else
toast-gone = This is no longer there
kept-in-private = The group did not take this video, so you get it here.
group-greeting =
    Hello! Write { -video } and what you would like to see, and I make a video of it.
    This group’s id: { $id }{ $missing ->
        [no-video-right] {""}
            I may not send videos here: please allow me to, else they go to whoever ordered them.
        [no-right] {""}
            I may not write here: please allow me to send messages and videos.
        [topic-closed] {""}
            This topic is closed: please open it, or use me in another one.
       *[none] {""}
    }

ask-words =
    It would cost { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }. Shall I make it?
ask-lone =
    I see no photo: in a group, one that is sent by itself does not reach me. Send it in one message with these words and @me, or reply to it with @me. From the words alone it would cost { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }. Shall I make it?
ask-forward =
    These words were passed on, not written by you. The video would cost { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }. Shall I make it?
ask-quoted =
    The message that you replied to is not part of this. The video would cost { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }. Shall I make it?
ask-heard =
    This is what I understood. The video would cost { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }. Shall I make it?
ask-asks =
    That sounds like a question. A video of these words would cost { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }. Shall I make it?
ask-photo =
    With the photo or video that you sent before, this would cost { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }. Shall I make it so?
ask-speak =
    Your photo would speak your recording. It would cost { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }. Shall I make it? Other words for it are welcome.
ask-frames =
    A video that begins with your first photo and ends with your second would cost { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }. Shall I make it?
ask-likeness =
    One video in which what your { $count } photos show takes part would cost { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }. Shall I make it?
ask-each =
    One video of each photo, { $count } in all, would cost { $price } together. Shall I make them?
ask-unable =
    { $most ->
        [0] { $model } makes a video of one photo at a time
       *[other] { $model } takes { $most } photos at most for one video
    }. Only the first of your { $count } photos would cost { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }. Shall I make that one, or do it in another way?
ask-many =
    Only the first of your photos would cost { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }. Shall I make that one, or a video of each?
ask-first =
    Only the first of your photos would cost { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }. A video of each would be more than may be spent now. Shall I make that one?
ask-one =
    I take one at a time here: a video from the first alone would cost { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }. Shall I make it? What else you sent stays here for your next words.
ask-instead =
    You changed your message, and job { $other } has cost nothing yet. Shall I make this instead, for { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }?
ask-edited =
    You changed your message, but job { $other } is being made as it was first written. Shall I make this one as well, for { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }?
offer-words = “{ $prompt }”
offer-words-long = “{ $start }…” ({ $count } characters, all of them are used)
model-choose = Which model shall make it?
model-choice = { $name }, { $price }
obstacle-no-video-right = I am not allowed to send videos in this chat, so I do not take the order: nothing was charged. An admin here can give me that right; or ask me in private.
obstacle-no-right = I could not deliver a video to this chat, so I do not take the order: nothing was charged. An admin can mend that; or ask me in private.
obstacle-removed = I am no longer in that chat, so I do not take the order: nothing was charged.
obstacle-topic-closed = This topic is closed, so I could not deliver a video here. Nothing was charged. Please ask in another topic or in private.
button-way-alone = Only the words ({ $price })
button-way-without = Without the photo ({ $price })
button-way-frames =
    First photo to second{ KNOWN($model) ->
        [yes] {""}, { $model }
       *[no] {""}
    } ({ $price })
button-way-likeness =
    { $count ->
        [2] Both
       *[other] All { $count }
    } in one video{ KNOWN($model) ->
        [yes] {""}, { $model }
       *[no] {""}
    } ({ $price })
button-way-first = Only the first photo ({ $price })
button-way-each = One of each: { $count } videos ({ $price })
button-way-last = Only the last words ({ $price })
button-way-quoted = Together with that message ({ $price })
button-way-join = Together with what I said before ({ $price })
button-take =
    Another take, { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }
button-continue =
    Continue, { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }
button-upscale =
    Sharper: { $size }, { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }
button-full =
    In full{ KNOWN($size) ->
        [yes] {" "}({ $size })
       *[no] {""}
    }, { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }
button-sound =
    Anew with sound, { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }
button-silent =
    Anew without sound, { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }
button-full-anew = Make it anew in full
button-more = More…
film-more =
    More for video { $job }:{ CHAT() ->
        [words] {""}
            With other words: “reword { $job }”; another model: “swap { $job }”; delete it: “delete { $job }”.
       *[buttons] {""}
    }
film-step =
    { $step ->
        [continue] Goes on from { $film }; you get all of it as one film.
        [upscale] A sharper copy of { $film }.
        [enhance] The draft { $film }, made in full.
        [full] The same as { $film }, sharper.
        [sound] { $film } made anew, with sound.
       *[silent] { $film } made anew, without sound.
    }
film-is-so = Video { $job } is so already, or its model leaves no choice.
film-none = You have no video here yet. Say what one should show: I tell you the price first.
film-not-yet = { $job } is still being made; say that again when it is here. For another video, name its code.
film-kept =
    { $kind ->
        [upscale] A sharper copy keeps all else of the video as it is; only its size is yours to choose: 1080p or 4k.
       *[other] Made whole, a draft keeps all that it shows.
    }
film-joined = All of it: { $parts }, { $seconds } s.
film-not-joined = This is the new part alone: it could not be joined with { $film }.
ask-film =
    This costs { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }. Shall I make it?
button-words =
    Change the words, { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }
button-original = Original file
button-delete = Delete
button-erase =
    { CHAT() ->
        [words] To delete it for good
       *[buttons] Delete for good
    }
button-keep = Keep it
delete-ask =
    Delete video { $job } for good? I remove its file and every copy, and the photo or video it was made from. { CHAT() ->
        [words] What was sent to this chat stays here.
       *[buttons] Its message goes, too, where the chat still lets me.
    } It cannot be brought back, and what it cost stays charged.
delete-kept = Video { $job } stays.
deleted-now =
    Video { $job } is deleted, with its copies and what it was made from. { CHAT() ->
        [words] What was sent to this chat stays here until you delete it.
       *[buttons] {""}
    }
deleted-stays = Video { $job } is deleted, but the chat does not let me remove its message any more: please delete that yourself.
was-deleted = You deleted video { $job }. It cannot be sent or made use of any more.
button-forget =
    { CHAT() ->
        [words] To have all of it forgotten
       *[buttons] Forget it all
    }
button-forget-no =
    { CHAT() ->
        [words] To leave everything as it is
       *[buttons] Keep everything
    }
forget-ask =
    { $place ->
        [group] Shall I forget what you had made in this group?
       *[all] Shall I forget everything of yours?
    } I hold { $films ->
        [0] no finished video
        [1] 1 finished video
       *[other] { $films } finished videos
    } of { $orders ->
        [1] 1 order
       *[other] { $orders } orders
    }. Videos, photos and words go from here for good, { $place ->
        [group] and only those of this group.
       *[all] with your settings and drafts.
    } What waits is cancelled; { $running ->
        [0] nothing is being made now.
        [1] 1 video is being made and stays charged: it is not sent any more, and forgotten as soon as it ends.
       *[other] { $running } videos are being made and stay charged: they are not sent any more, and forgotten as soon as they end.
    }
    What stays: the amounts and dates of your payments, without words; what the chat does not let me take back; copies of the database that the operator has made; and, at the video service, { $fal ->
        [goes] photos and videos that were sent there, for about a day; its words and results are deleted.
       *[other] words and results for about a month, and photos and videos that were sent there for about a day.
    }
forget-kept = Nothing is forgotten: all stays as it is.
forgotten-now =
    { $place ->
        [group] What you had made in this group is being forgotten, from now on.
       *[all] Everything of yours is being forgotten, from now on.
    } { $running ->
        [0] That takes a few moments.
       *[other] What is being made now is forgotten when it has ended; that can take up to a day where the video service gives no answer.
    }
    Videos and messages that the chat does not let me take back stay there until you delete them; copies of the database go at their own time.
    { $fal ->
        [goes] At the video service I have words and results deleted, too, as soon as each order is closed; only photos and videos that were sent there stay, for about a day.
        [refused] The video service does not let me delete anything there just now: the operator is told, and I go on trying. Without that, words and results lapse there after about a month, photos and videos that were sent there after a day.
       *[stays] At the video service I can delete nothing: words and results lapse there after about a month, photos and videos that were sent there after a day.
    }
    Write again whenever you like: you begin anew.
film-which = Which video? Name its code, or reply to the video.
film-foreign = That works only with a video that I made, and I cannot tell which one this is. Please add its code.
original-caption = The original file of { $job }
file-coming = The original file of { $job } is on its way.
file-not-here = This chat takes no files, so I cannot send the original here.
file-too-large = The original of { $job } is larger than this chat takes. The video above is the best that fits.
file-not-sent = The original file of { $job } could not be sent. Please try again later.
caption-code = { $what }, { $code }
