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
    A video, then a sentence: I change it
    “cancel” drops a photo that is kept

    Options, before or after your words:
    premium, balanced, budget
    5s, 10s · 720p, 1080p · 16:9, 9:16, 1:1
    Example: video: a paper boat in the rain, premium, 10s, 9:16

    Each video has a short code, such as K7:
    confirm K7 · cancel K7 · again K7 · fetch K7
    “1” fetches a video that waits for you
    status · history · models · price · settings · balance · language · help

passive-hint =
    To make a video, write for example:
    video: a red fox runs through fresh snow
    You can also send a photo and then say what should happen in it. “help” shows more.

passive-prompt-missing =
    { $photos ->
        [0] What should the video show? Write it after “video:”, for example: video: a red fox runs through fresh snow
       *[other] I have your photo. Now just say what should happen in it.
    }
passive-photo-kept =
    { $kind ->
        [video] { $count ->
            [1] Got the video! Say what should change in it, within 10 minutes. “cancel” drops it.
           *[other] Got the video; { $count } are kept now. Your next words go with the oldest one, then the others in order. “cancel” drops them.
        }
       *[image] { $count ->
            [1] Got the photo! Say what should happen in it, within 10 minutes. “cancel” drops it.
           *[other] Got the photo; { $count } are kept now. Your next words go with the oldest one, then the others in order. “cancel” drops them.
        }
    }
passive-photos-left =
    { $count ->
        [1] One more photo is not used yet: say what should happen in it, or “cancel” to drop it.
       *[other] { $count } more photos are not used yet: say what should happen in the next, or “cancel” to drop them.
    }
passive-photos-dropped =
    { $count ->
        [1] All right, the photo is dropped.
       *[other] All right, the { $count } photos are dropped.
    }
passive-other =
    { $what ->
        [voice] I cannot hear voice messages yet. Please write it down.
        [location] Thank you for the place, but I make videos from words, photos and videos only.
        [link] I cannot open links. Please send the photo or video itself, or describe the scene.
       *[file] I cannot use this kind of message yet. Please send words, a photo or a video.
    } “help” shows what I can do.

passive-video-title = Your video is ready
passive-caption = { $caption }, code { $code }
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
passive-nothing-to-say = All right. “status” shows how far it is.
passive-type = 👉 send “{ $typed }”
passive-type-for = 👉 { $what }: send “{ $typed }”

# What a button is typed as, before the job's code. Each has to stand in bot/messages/command_words.py or text_buttons.py.
typed-cancel = cancel
typed-yes = confirm
typed-again = again
typed-fix = fix
typed-language = language { $language }

state-sent-as-reply = Sent to you; its code shows it once more.
