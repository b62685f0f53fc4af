# What the bot says when it is spoken to: greeting, help, lists, hints.

start =
    { CHAT() ->
        [words]
            Hello! I turn words and pictures into short videos, right here in the chat.

            Try: “video: a red fox runs through fresh snow”
            Or send a photo first, and then say how it should move.

            “help” shows everything I can do.
       *[buttons]
            Hello! I turn words and pictures into short videos, right here in the chat.

            Try: /video a red fox runs through fresh snow
            Or send me a photo and write in its caption what should happen.

            /help shows everything I can do.
    }

start-job = Good, now I may write to you here. Your video:
button-open-once = Open me once, so that I may write to you

help =
    { CHAT() ->
        [words]
            “video:” and what you want to see: a video from your words
            Example: video: a red fox runs through fresh snow

            A photo, then a sentence: I bring it to life.
            A video, then a sentence: I change it.
            A sound file and a photo: the photo speaks it. A sound file, then a sentence: a video to that sound.
            In a group, address me: put the photo into the same message, or quote it.

            Options, before or after your words:
            premium, balanced, budget (quality and price)
            5s, 10s (length)
            480p, 720p, 1080p (sharpness)
            16:9, 9:16, 1:1 (shape)
            seed 7 (the same number varies less)
            model veo (any model from the list)
            Example: video: a paper boat in the rain, premium, 10s, 9:16

            “status”: what is in the works
            “cancel”: stop a video
            “history”: your latest videos
            “continue”: let a finished video go on, for example: continue K7QX2AB she turns around
            “again”: send a video again, or try a failed one anew
            “upscale”: more pixels for a finished video, for example: upscale K7QX2AB to 4k
            delete K7QX2AB: delete a finished video
            “ideas”: camera moves and styles to add
            “models”: all models
            “price”: what a video costs, for example: price premium 10s
            “settings”: what I use when you say nothing else, for example: settings model veo
            “balance”: what you have spent, and what is left
            “language”: choose a language
            “forget me”: have everything of yours forgotten
            “help”: this text
       *[buttons]
            /video and what you want to see: a video from your words
            /video a red fox runs through fresh snow

            A photo with a caption: I bring it to life.
            A video with a caption: I change it.
            A sound file with a photo (in Telegram a voice note, too): the photo speaks it. With words: a video to that sound.
            In a group, begin the caption with /video, or reply /video to a photo.

            Options, before or after your words:
            premium, balanced, budget (quality and price)
            5s, 10s (length)
            480p, 720p, 1080p (sharpness)
            16:9, 9:16, 1:1 (shape)
            seed 7 (the same number varies less)
            --model veo (any model from the list)
            Example: /video a paper boat in the rain, premium, 10s, 9:16

            /status: what is in the works
            /cancel: stop a video
            /history: your latest videos
            /continue: let a finished video go on, for example /continue K7QX2AB she turns around
            /again: send a video again, or try a failed one anew
            /delete: delete a finished video, for example /delete K7QX2AB
            /ideas: camera moves and styles to add
            /models: all models
            /price: what a video costs, for example /price premium 10s
            /settings: what I use when you say nothing else, for example /settings model veo
            /balance: what you have spent, and what is left
            /language: choose a language
            /forget: have everything of yours forgotten
            /help: this text
    }

unknown-command =
    { CHAT() ->
        [words] There is no command “{ $word }”.
       *[buttons] There is no command /{ $word }.
    } { -help } shows what I can do.
unknown-command-suggestion =
    { CHAT() ->
        [words] There is no command “{ $word }”. Did you mean “{ $suggestion }”?
       *[buttons] There is no command /{ $word }. Did you mean /{ $suggestion }?
    } { -help } shows what I can do.
status-none = Nothing is in the works. Write { -video } and what you want to see.
status-line = { $job }: { $state } “{ $prompt }”

history-none = No videos yet. Your first one starts with { -video } and what you want to see.
history-title = Your latest videos (times: { $zone }):
history-line =
    { $job }, { $when }{ KNOWN($price) ->
        [yes] , { $price }
       *[no] {""}
    }{ $free ->
        [yes] , free
       *[no] {""}
    }{ KNOWN($parts) ->
        [yes] , { $parts }
       *[no] {""}
    }: { $state } “{ $prompt }”

models-title = Models, and what a video of about 5 seconds costs{ CHAT() ->
        [words] {" "}(after your words: premium, or model and a name)
       *[buttons] {""}
    }:
models-line =
    { KNOWN($tier) ->
        [yes] • { $tier }: { $name }
       *[no] • { CHAT() ->
            [words] { $key }
           *[buttons] { $name } (--model { $key })
        }
    }{ KNOWN($price) ->
        [yes] , { $price }
       *[no] {""}
    }{ KNOWN($duration) ->
        [yes] {" "}({ $duration } s)
       *[no] {""}
    }{ KNOWN($seconds) ->
        [yes] {" "}{ $seconds }s
       *[no] {""}
    }{ KNOWN($signs) ->
        [yes] {" "}{ $signs }
       *[no] {""}
    }{ $off ->
        [all] . Not available at the moment
        [some] . In part not available at the moment
       *[no] {""}
    }

models-column-name = Model
models-column-narrow =
    { CHAT() ->
        [words] Model · name
       *[buttons] Model · --model
    }
models-column-length = s
models-column-signs = Extras
models-column-say = Say
models-column-price = About 5 s
models-column-seconds = Seconds
models-column-sound = Sound
models-column-pictures = Pictures
models-column-best = Best at
models-cell-name = { $name }
models-cell-narrow =
    { $name } · { KNOWN($tier) ->
        [yes] { $tier }
       *[no] { $key }
    }
models-cell-say =
    { KNOWN($tier) ->
        [yes] { $tier }
       *[no] { CHAT() ->
            [words] model { $key }
           *[buttons] --model { $key }
        }
    }
models-cell-price =
    { $price }{ KNOWN($duration) ->
        [yes] {" "}({ $duration } s)
       *[no] {""}
    }{ $off ->
        [all] not just now
        [some] , in part not just now
       *[no] {""}
    }
models-cell-seconds = { $seconds }
models-cell-length = { $seconds }
models-cell-sound =
    { $sound ->
        [choice] as you like
        [always] yes
       *[other] no
    }
models-cell-signs =
    { $sound ->
        [choice] {" "}🔈
        [always] {" "}🔊
        [never] {" "}🔇
       *[other] {""}
    }{ INCLUDES($modes, "first-last-frame-to-video") ->
        [yes] {" "}2🖼
       *[no] {""}
    }{ KNOWN($references) ->
        [yes] {" "}👥{ $references }
       *[no] {""}
    }{ INCLUDES($modes, "extend-video") ->
        [yes] {" "}➕
       *[no] {""}
    }{ INCLUDES($modes, "video-to-video") ->
        [yes] {" "}✏️
       *[no] {""}
    }
models-cell-pictures =
    { INCLUDES($modes, "image-to-video") ->
        [yes] 1
       *[no] {""}
    }{ INCLUDES($modes, "first-last-frame-to-video") ->
        [yes] , first and last
       *[no] {""}
    }{ KNOWN($references) ->
        [yes] , { $references } references
       *[no] {""}
    }
models-cell-best = { $best }
models-best-words = first places for words
models-best-photos = first place for photos
models-best-cheap = low price
models-best-sharp = 4k
models-best-long = long videos
models-best-likeness = the same face or thing
models-best-continue = continuing
models-best-edit = changing videos
models-best-draft = cheap drafts
models-best-speak = a photo that speaks your recording
models-best-and = { $first }, { $other }
models-signs = 🔊 with sound, 🔈 if you like, 🔇 silent · 2🖼 first and last photo · 👥 references · ➕ continues · ✏️ changes videos

price-title = What a video costs:
price-line =
    • { $model }{ KNOWN($duration) ->
        [yes] , { $duration } s
       *[no] {""}
    }{ KNOWN($resolution) ->
        [yes] , { $resolution }
       *[no] {""}
    }{ $sound ->
        [on] , with sound
        [off] , silent
       *[none] {""}
    }: { $price }
price-column-name = Model
price-column-seconds = Seconds
price-column-resolution = Resolution
price-column-sound = Sound
price-column-price = Price
price-cell-name = { $model }
price-cell-seconds = { $duration }
price-cell-resolution = { $resolution }
price-cell-sound =
    { $films ->
        [on] yes
       *[off] no
    }
price-cell-price = { $price }
price-note =
    Add a model, a length or a resolution to see its price: { CHAT() ->
        [words] “price balanced 10s 1080p”
       *[buttons] /price balanced 10s 1080p
    }. Changing a video of yours is priced by its length.

language-choose = Which language shall I speak?
language-set = I will speak English with you.
language-unknown = I do not speak “{ $asked }” yet. Which of these shall it be?

stranger =
    This bot is open to invited people only at the moment. To be let in, send this id to the operator:
    { $id }
    Of your message nothing was kept but your id, your shown name and the time.
group-stranger =
    This bot is open to invited people and groups only at the moment. To be let in, send one of these ids to the operator:
    { $id } (you)
    { $chat } (everybody here)
    Of your message nothing was kept but your id, your shown name and the time.

too-much-waits = That was more than I can take at once: { $count } messages from here wait for their turn already, so I did not keep your latest ones. Please wait until I have answered, then send what is missing once more. Nothing was bought for what I did not keep.
internal-error = Something broke on our side, and I could not handle your message. Nothing was bought. Please try once more in a minute.
job-unreadable = What is noted about your job { $job } cannot be read at the moment. It is kept, nothing is charged again, and the people who run this bot have been told.
job-unreadable-free = Your job { $job } could not be started: what was noted about it cannot be read. Nothing was charged. Please send your request again.

command-video = Make a video from words, a photo or a video
command-status = What is in the works
command-cancel = Stop a video
command-history = Your latest videos
command-ideas = Camera moves and styles
command-models = All models with their prices
command-price = What a video costs
command-language = Choose a language
command-help = What I can do, with examples

ideas-title = Camera moves, styles and light. Say one alone and it goes behind the words of your open offer, at the same price; or write it behind your words yourself: a red fox runs, slow push-in
ideas-camera = Camera
ideas-style = Style
ideas-light = Light
ideas-alone = “{ $phrase }” goes behind your words. Write what happens first, for example: a red fox runs through snow, { $phrase }
ideas-there = It says “{ $phrase }” already.
idea-push-in = slow push-in
idea-pull-out = slow pull-out
idea-orbit = orbiting camera
idea-tracking = tracking shot
idea-pan = slow pan
idea-crane-up = rising crane shot
idea-aerial = aerial view
idea-handheld = handheld camera
idea-close-up = close-up shot
idea-slow-motion = in slow motion
idea-time-lapse = time-lapse
idea-cinematic = cinematic look
idea-film-grain = 35 mm film grain
idea-anime = anime style
idea-clay = clay animation
idea-watercolour = watercolour style
idea-ink = ink wash painting
idea-monochrome = in black and white
idea-vintage = VHS look of the 1980s
idea-cyberpunk = cyberpunk style
idea-golden-hour = golden hour light
idea-backlit = backlit
idea-neon = neon light
idea-mist = morning mist
