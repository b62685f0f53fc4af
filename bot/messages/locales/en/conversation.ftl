# Offers, drafts, small talk: what is said between a wish and an order.

offer-intro = I would make this:
offer-price-waits = { $price }. The offer stands for 30 minutes, and nothing is charged before your yes.
offer-replaced = This has changed: the newer offer stands below. Nothing was charged.
offer-repeat =
    Still open: { $what }, { $price }. { CHAT() ->
        [words] “confirm { $code }” makes it, “cancel { $code }” drops it.
       *[buttons] “yes” makes it, “no” drops it.
    }
offer-which = Two offers are open. Which one shall I make?
offer-none = No offer is open. Just say what you would like to see.

draft-photo =
    { $kind ->
        [video] { $count ->
            [1] Got the video! Say what should change in it.
           *[other] Got { $count } videos! Say in one sentence what should change.
        }
       *[image] { $count ->
            [1] Got the photo! Say how it should move.
           *[other] Got { $count } photos! Say in one sentence how they should move.
        }
    } I tell you the price{ KNOWN($price) ->
        [yes] {" "}(about { $price }{ $count ->
            [1] {""}
           *[other] {" "}each
        })
       *[no] {""}
    } and begin only when you say yes. “cancel” drops it; I keep it for 10 minutes.
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
source-choice = Shall I use the photo?
button-with-photo = With the photo ({ $price })
button-without-photo = Without the photo ({ $price })
button-first-only = Only the first ({ $price })
button-one-each = One of each: { $count } videos ({ $total })
button-make = Make it for { $price }
button-other-model = Another model
button-drop =
    { CHAT() ->
        [words] If you do not want it
       *[buttons] Drop it
    }
button-join = Join it to what I said before
button-last-only = Only the last
button-change-text = Change to the new text
button-another = Another one ({ $price })

album-count =
    { $count ->
        [1] Got one photo. Say how it should move.
       *[other] Got { $count } photos. Say in one sentence how they should move.
    }
album-too-many = That are { $count } photos, and I take { $most } at once: the first { $most } are kept. Please send the others again later.
forwarded-offer = This comes from somebody else, so I ask before I make it:
transcript-offer = I heard: “{ $text }”
edited-order-paid = { $job } is already being made as you first wrote it. The new text would be another video.
edited-order-free = { $job } has not begun yet. Shall it be made with the new text?
already-cancelled = { $job } is cancelled already.

toast-ordered = Ordered
toast-not-yours = This one belongs to somebody else
toast-gone = This is no longer there
toast-already = Done before, nothing happens twice
only-own-jobs = Only the person who ordered it can do that.
kept-in-private = The group did not take this video, so you get it here.
open-me-once = { $name }, please open me once, so that I can send you what a group does not take: { $link }
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
group-cap =
    This would cost { $price }, and this group has { $left } of its { $cap } for 24 hours left.{ KNOWN($free_at) ->
        [yes] {" "}There is room again at { $free_at } UTC.
       *[no] {" "}There is room again when its videos under way have ended.
    }
