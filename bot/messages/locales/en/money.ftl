# Money: what a failure cost, the question before a purchase, repeats, caps, /balance, and the words to the admins.

charge-nothing = Nothing was bought.
charge-none = Nothing was charged.
charge-yes = It was charged ({ $price }).
charge-possibly = It may have been charged ({ $price }); I count it as spent.

up-to = up to { $price }
about-price = about { $price }
ask-price =
    This costs { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }. Shall I order it?
ask-same =
    The same video is already in the works (job { $other }). Shall I make another one for { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }?
ask-again =
    A new try costs { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }. Shall I order it?
ask-gone =
    What you were offered cannot be made any more just now; this comes nearest. It costs { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }. Shall I order it?
ask-restored =
    This bot was restored from a backup, and it cannot tell whether this video was bought before that. To order it now costs { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }, and if it was bought before, it is paid twice. Shall I order it?
ask-waits = The offer stands for 30 minutes. Nothing is bought without your yes.
state-awaiting-confirmation = Waiting for your yes.
button-change =
    Change to the new text, { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }
button-yes =
    Yes, for { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }
button-no =
    { CHAT() ->
        [words] If you do not want it
       *[buttons] No
    }
confirm-which = Several offers wait for your yes. Which one shall I make?
confirm-nothing = There is no offer that waits for your yes.
confirm-late = Job { $job } needs no yes any more: { $state }
confirm-started = Ordered: job { $job }. You get it here as soon as it is done.
offer-lapsed = Nobody said yes within 30 minutes, so the offer has lapsed. Nothing was charged.
offer-declined = Not ordered. Nothing was charged.

over-user-cap =
    { KNOWN($free_at) ->
        [yes] This would cost { $price }, and you have { $left } of your { $cap } for 24 hours left. There is room again at { $free_at }.
       *[no] { $fits ->
            [no] This would cost { $price }, more than your { $cap } for 24 hours. Please choose a shorter or cheaper one ({ -price }).
           *[yes] This would cost { $price }, and you have { $left } of your { $cap } for 24 hours left. There is room again when your videos under way have ended.
        }
    }
over-all-cap =
    { KNOWN($free_at) ->
        [yes] This would cost { $price }, and this bot has reached what it may spend in 24 hours. There is room again at { $free_at }.
       *[no] { $fits ->
            [no] This would cost { $price }, more than this bot may spend in 24 hours. Please choose a shorter or cheaper one ({ -price }).
           *[yes] This would cost { $price }, and this bot has reached what it may spend in 24 hours. There is room again when the videos under way have ended.
        }
    }
balance =
    In the last 24 hours you have spent { $spent }{ KNOWN($held) ->
        [yes] , and { $held } is set aside for videos under way
       *[no] {""}
    }. You have { $left } of { $cap } left.
balance-all =
    All together: spent { $spent }{ KNOWN($held) ->
        [yes] , set aside { $held }
       *[no] {""}
    }, { $left } of { $cap } left.
command-balance = What you have spent, and what is left
command-continue = Let your latest video go on
command-again = Send a video again, or try a failed one anew
command-delete = Delete a finished video for good
command-forget = Forget everything of yours

again-none = There is nothing to send again or to try anew. { -history } shows your videos.
again-asks-fal = I am asking the video service about { $job } again now; that costs nothing. If your video is there, you get it here.
again-on-its-way = Job { $job } is still under way: { $state }
again-gone = The video of job { $job } has been cleared away after its time here. If you want it, order it anew with { -video } and your words.
button-true-price = Offer it by its true length
button-again =
    Try again for { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }
button-fix-shorter-prompt =
    Try a simpler text for { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }
button-fix-wide-photo =
    Try the photo in 16:9 for { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }
button-buy-again =
    Order anew for { KNOWN($up_to) ->
        [yes] up to { $price }
       *[no] { $price }
    }
fallback-other = This time it is made a little differently.
fallback-shorter-prompt = A simpler version of your text: “{ $prompt }”
fallback-wide-photo = Your photo goes out in 16:9 this time.
repeat-of = A new try of job { $other }.

alert-doubt = Job { $job } of { $user }: fal did not answer the order, so { $price } may have been charged. It is parked; if it turns up within 24 hours it is delivered. Look at fal.ai/dashboard/requests.
alert-parked = Job { $job } of { $user } ({ $price }): fal has answered nothing that can be understood for ten minutes: { $reason }. It is parked, holds no slot, and is asked after again for as long as fal keeps the file. See "reelbot job { $job }"; "reelbot poll" with its request id asks at once.
alert-no-receipt = No receipt can be written to the folder “receipts” of the output folder ({ $reason }), so nothing is ordered: make room there, or give this program the right to write.
admin-parked = fal answers nothing that can be understood ({ $odd }). Job { $job } is ordered and paid for, and set aside: “reelbot poll { $request_id }” asks again, for nothing; a running bot goes on asking.
alert-undelivered = Job { $job } of { $user } is rendered, but it cannot be sent there now: { $reason }. It is kept and tried again; its owner can fetch it with “again { $job }”.
alert-unconfirmed = The video of job { $job } was sent to { $user }, WeChat never confirmed it, and they have not written for an hour. It counts as delivered and is kept; “again { $job }” sends it once more, for free.
alert-works-again = fal takes orders again.
alert-spent =
    { $percent ->
        [100] The bot has used up what it may spend in 24 hours ({ $cap }). New orders wait until there is room.
       *[other] The bot has used { $percent } % of what it may spend in 24 hours: { $used } of { $cap }.
    }
alert-problem = The bot cannot do all its work: { $problem }. Once the cause is gone it goes on by itself, without a restart, and nothing is lost.
alert-hangs = Part of the bot hangs: { $problem }. Restart it, unless its supervisor has done so by now; no job is lost.
alert-problems-over = The bot does all its work again.
alert-disk = Only { $free } MB are left on the disk of the output folder. Nothing is ordered until there is room.
alert-unsigned = Videos come without their signature (C2PA): "reelbot doctor" says why.
alert-unreadable = A stored message in { $chat } cannot be read by this version and was set aside; it stands in the table of messages, the logs name its row. The other messages go on.
alert-unreadable-job = Job { $job } of { $user } has been paid for, and this version cannot read its row ({ $reason }). It is set aside and nothing of it is thrown away; it goes on by itself once a version runs that can read it. All other jobs go on.
alert-unreadable-free = Job { $job } of { $user } cannot be read by this version ({ $reason }). Nothing was bought; it has ended, and what was reserved for it is free again.
alert-set-aside = A message of { $user } in { $chat } could not be handled three times and was set aside. Its sender was told; the logs say why.
alert-charged-after-all = Job { $job } of { $user } was taken to be free, but fal charged { $price } for it. It counts as spent now.
alert-odd-charge = Job { $job }: the proxy before fal says it took { $said } credits, which is no price for this. It is left out, and the quote of { $price } stands. Look at the proxy’s own books.
alert-film-of-another = Job { $job } of { $user } was given the video of job { $owner }, which had asked in the same words: fal’s answer to { $owner } came only after { $job } had found that request in fal’s list. { $owner } gets the video as well and carries its one charge. What became of the own order of { $job } ({ $price }) nobody knows: its account says nothing spent, “possibly charged”. Look at fal.ai/dashboard/requests.
alert-drift = fal charges another price for { $model } than the bot quotes: { $count } jobs in 24 hours were quoted { $quoted }, and fal charged { $charged } ({ $percent } %). See “reelbot spend --by model”.
alert-models-changed = fal has changed models that this bot sells:
alert-models-back = fal takes these again as they were, and they are sold again:
alert-models-more = … and { $count } more: “reelbot doctor” lists all of them.
alert-models-all-gone = By fal’s own list { $count } of { $of } entries of the catalogue are gone or changed at once. That is not believed yet: nothing was changed, and the bot looks again in an hour.
alert-models-all-gone-again = For the second time in an hour fal’s own list says that { $count } of { $of } entries of the catalogue are gone or changed. It is believed now, and they are held back until a later look finds them well. “reelbot doctor” lists them.
alert-unit-prices = fal names other unit prices than yesterday. The bot still quotes its own prices: please compare them with the models’ pages at fal.ai.
alert-unit-price-line =
    • { $model }: { $before } → { $now }{ KNOWN($percent) ->
        [yes] {" "}({ $percent } %)
       *[no] {""}
    }
alert-odd-unit-price = • { $row }: fal names { $price }, and no price of this entry is that. Please compare it with the model’s page at fal.ai.
model-and-mode = { $model }, { $mode }
mode-text-to-video = from words
mode-image-to-video = from a photo
mode-video-to-video = changing a video
mode-first-last-frame-to-video = from a first to a last photo
mode-reference-to-video = with photos as references
mode-extend-video = continuing a video
mode-upscale-video = more pixels
mode-enhance-draft = a draft in full
alert-model-line = • { $row }: { $what }
alert-model-deprecated = fal calls it deprecated.
alert-model-unknown = fal does not know it any more.
alert-model-field-gone = fal has removed the field { $field }.
alert-model-value-gone =
    fal does not take { $field } as it was{ KNOWN($values) ->
        [yes] {" "}({ $values })
       *[no] {""}
    }.
alert-model-bound-moved = fal has new limits for { $field } ({ $values }).
alert-model-required-new = fal now asks for { $field }.
alert-model-then =
    { $off ->
        [off] It is not sold until that is over; videos already ordered go on.
       *[less] The rest of it is still sold.
    }
alert-balance = The fal account has { $left } left, less than { $need } (what may be spent in 24 hours, or what is set aside). Top it up at fal.ai/dashboard/billing.
alert-forget-at-fal = fal refuses to delete with FAL_ADMIN_KEY, so words and results stay there. Make a key of ADMIN scope at fal.ai/dashboard/keys; it is tried again in a day, with another key at once.
alert-admin-key = fal refuses FAL_ADMIN_KEY: its bills are not read. Make a key of ADMIN scope at fal.ai/dashboard/keys.
alert-database-stamped = This database is a backup that was put back. Orders that waited in it are looked for before anything is bought, and their owners are asked where that is not possible. It does not know what was ordered, paid and delivered after it was made: a video may come twice, and the spending caps start lower. See “Backup and restore” in the README.
alert-database-older = The database is older than the files in the output folder ({ $files } receipts in it are of orders that it does not know), so it is taken for a backup that was put back. Orders that waited in it are looked for before anything is bought, and their owners are asked where that is not possible. If the right database lies somewhere else, stop the bot and put it back. See “Backup and restore” in the README.
alert-database-new = The database is new, but the output folder holds { $files } receipts and videos of jobs that it does not know. If this bot had a database before, it is gone: stop the bot and put the last backup back. Else nothing needs to be done: history and spending caps begin at zero. See “Backup and restore” in the README.
