# What lies on the table and is offered: every chat shows the same, with buttons or with codes.

ask-words =
    It would cost { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }. Shall I make it?
ask-forward =
    These words were passed on, not written by you. The video would cost { KNOWN($up_to) ->
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
ask-many =
    Only the first of your photos would cost { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }. Shall I make that one, or a video of each?
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
offer-replaced = A newer offer takes the place of this one.
offer-repeat = Still open ({ $job }): “{ $what }” for { $price }. Say yes to make it, no to drop it.

button-way-without = Without it, { $price }
button-way-each = One of each ({ $count }), { $price } in all
button-way-last = Only the last words, { $price }
button-way-join = Both together, { $price }
button-other-model = Other model
model-choose = Which model shall make it?
model-choice = { $name }, { $price }

draft-photo =
    { $kind ->
        [video] { $count ->
            [1] Got the video. Say what should change in it
           *[other] Got { $count } videos and photos. Say what should happen in them
        }
       *[image] { $count ->
            [1] Got the photo. Say what should happen in it
           *[other] Got { $count } photos. Say what should happen in them, in one sentence
        }
    }{ KNOWN($price) ->
        [yes] {" "}(about { $price }{ $count ->
            [1] {""}
           *[other] {" "}each
        }). I ask before I make anything.
       *[no] . I ask before I make anything.
    }
draft-words = I have your words: “{ $words }”. Send a photo for them, or say yes to the offer.
draft-dropped = All right, dropped. Nothing was ordered, nothing was charged.
draft-wishes = Noted: { $wishes }. What should the video show?
no-but-active = { $job } is still being made; “cancel { $job }” stops it.

said-thanks = You are welcome!
said-hello = Hello! Tell me what the video should show, or send me a photo.
said-noise = Tell me what the video should show, or send me a photo. “help” shows more.
said-question-how = Tell me what the video should show, or send a photo and say what should happen in it. I name the price and ask before I make anything. “help” shows everything.
said-question-price = The price depends on model and length, and I always name it and ask first. “price” shows the list.
said-question-time = Usually one to three minutes once it is ordered. “status” shows what is in the works.

photo-wanted = Which photo should I bring to life? Send it now; the words are kept.
words-wanted = What should the video show? Just write it.
source-unusable =
    { $what ->
        [voice] I cannot make a video from a voice message. Please write it down.
        [audio] I cannot use a sound file. Please send words, a photo or a video.
        [sticker] I cannot use a sticker. Please send words, a photo or a video.
        [location] I cannot make a video from a place. Please describe it, or send a photo of it.
        [contact] I cannot use a contact. Please send words, a photo or a video.
        [poll] I cannot use a poll. Please send words, a photo or a video.
        [dice] I cannot use a dice. Please send words, a photo or a video.
        [story] I cannot use a story. Please send its photo or video itself.
        [paid] I cannot open paid media. Please send the photo or video itself.
        [link] I cannot open links. Please send the photo or video itself, or describe the scene.
       *[other] I cannot use this kind of file: it is no photo and no video. Please send one of those, or words.
    } Nothing was ordered.
album-too-many = That is more than I can use at once: I keep the first { $count }. Say what should happen in them.
already-cancelled = { $job } is cancelled already.

toast-ordered = Ordered!
toast-not-yours = This is somebody else’s.
toast-gone = This is not open any more.

group-greeting =
    Hello! With /video and a few words I make short videos here.
    This group’s id: { $id }{ KNOWN($missing) ->
        [yes] {" "}
       *[no] {""}
    }{ $missing ->
        [no-video-right] (I am not allowed to send videos here yet: please give me that right.)
        [no-right] (I am not allowed to write here yet: please give me that right.)
       *[other] {""}
    }
obstacle-no-video-right = I am not allowed to send videos in this chat, so I do not take the order: nothing was charged. An admin here can give me that right; or ask me in private.
obstacle-no-right = I could not deliver a video to this chat, so I do not take the order: nothing was charged. An admin can mend that; or ask me in private.
obstacle-removed = I am no longer in that chat, so I do not take the order: nothing was charged.
obstacle-topic-closed = This topic is closed, so I could not deliver a video here. Nothing was charged. Please ask in another topic or in private.
