# Chats without captions and buttons: a photo first, then words; short codes for buttons; videos that wait.

passive-start =
    Hello! I turn words and photos into short videos.

    Try: “video: a red fox runs through fresh snow”
    Or send a photo first, and then say what should happen in it.

    A finished video comes to you; if it does not arrive, any message of yours fetches it.
    “help” shows everything I can do.

passive-help =
    “video:” and what you want to see: a video from your words
    Example: video: a red fox runs through fresh snow

    A photo, then a sentence: I bring it to life (it is kept for 10 minutes)
    A video, then a sentence: I change it{ $sounds ->
        [yes]
            {""}
            A sound file and a photo: the photo speaks it; then a sentence: a video to that sound
       *[no] {""}
    }
    “cancel” drops a photo that is kept

    Options, before or after your words:
    premium, balanced, budget
    5s, 10s · 720p, 1080p · 16:9, 9:16, 1:1
    Example: video: a paper boat in the rain, premium, 10s, 9:16

    Each video has a short code, such as K7:
    confirm K7 · cancel K7 · again K7 · fetch K7
    Of a finished one: continue K7, retake K7, reword K7, upscale K7, more K7, delete K7; I name the price first
    “1” fetches a video that waits for you
    status · history · models · price · settings · balance · language · forget · help

passive-video-title = Your video is ready
passive-caption = { $caption }, code { $code }
passive-film = continue { $code } · retake { $code } (price first) · more { $code } · delete { $code }
passive-videos-wait =
    { $count ->
        [1] 📬 A finished video waits for you: send 1.
       *[other] 📬 { $count } finished videos wait for you: send 1.
    }
passive-videos-left =
    { $count ->
        [1] One more video waits: send 1 for it.
       *[other] { $count } more videos wait: send 1 for the next.
    }
passive-nothing-waits = No video waits for you now. “status” shows what is in the works, “history” your latest ones.
passive-video-stuck = Video { $code } is finished and safe, but it could not be sent here yet. I keep trying; send “{ $code }” in a while to fetch it.
passive-on-its-way = Getting video { $code } ready. If it does not arrive, send “{ $code }” again in half a minute.
passive-unconfirmed = Nothing came? Reply “again { $code }”, for nothing.
passive-again = All right, here it comes once more.
passive-nothing-to-say = All right. “status” shows how far it is.
passive-type = 👉 send “{ $typed }”
passive-type-for = 👉 { $what }: send “{ $typed }”

# What a button is typed as, before the job's code. Each has to stand in bot/messages/command_words.py or text_buttons.py.
typed-cancel = cancel
typed-yes = confirm
typed-again = again
typed-fix = fix
typed-erase = erase
typed-forget-yes = forget yes
typed-forget-no = forget no
typed-pick = swap
typed-next = continue
typed-take = retake
typed-pixels = upscale
typed-full = full
typed-sound = sound on
typed-silent = sound off
typed-language = language { $language }

state-sent-as-reply = Sent to you; its code shows it once more.
