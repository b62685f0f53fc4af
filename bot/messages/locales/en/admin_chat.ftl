# /admin, what admins are told of strangers, the pause, and money in groups.

operator-only = That is for the admins of this bot.
operator-account = Of this WeChat account:
operator-account-only = You are the admin of this WeChat account: this is for the admins of the whole bot.
operator-private = I answer this in the private chat only: write it to me there.
operator-unknown =
    There is no { -admin } { $asked }. What there is:
    { $words }
operator-lacks = Something is missing or too much. Write it like this: { $usage }
operator-is-paused = New orders are paused (by { $user }).
operator-counts = Asking to be let in: { $strangers } · orders that wait: { $waiting } · in the works: { $running } · failed in 24 hours: { $failed }
operator-words =
    More:
    { $words }
operator-usage =
    { CHAT() ->
        [words] { $name ->
            [waiting] admin waiting
            [running] admin running
            [failed] admin failed
            [spent] admin spent
            [stop] admin stop K7QX2AB
            [pause] admin pause
            [resume] admin resume
            [access] admin access
            [allow] admin allow { $somebody }
            [remove] admin remove { $somebody }
           *[other] { $usage }
        }
       *[buttons] { $usage }
    }
operator-more = … and { $count } more

operator-strangers = They ask to be let in:
operator-strangers-none = Nobody asks to be let in.
operator-stranger-line =
    • { $id }{ KNOWN($name) ->
        [yes] {" "}“{ $name }”
       *[no] {""}
    }{ KNOWN($chat) ->
        [yes] {" "}in { $chat }
       *[no] {""}
    }, { $when }
operator-queue = Orders that wait for their turn or a yes, by person:
operator-queue-none = No order waits.
operator-queue-line = • { $user }: { $count }
operator-running = In the works:
operator-running-none = Nothing is in the works.
operator-running-line = • { $job } of { $user }, { $model }: { $state }
operator-failed = Failed in the last 24 hours:
operator-failed-none = Nothing has failed in the last 24 hours.
operator-failed-line = • { $job } of { $user }, { $when }: { $code }
operator-spent-line =
    • { $user }: { $spent }{ KNOWN($held) ->
        [yes] , set aside { $held }
       *[no] {""}
    }

operator-no-job = There is no job { $job }.
operator-stopped = Job { $job } is stopped; nothing was charged, and its owner is told.
operator-stopping = The video service is asked to stop { $job }; it may be charged all the same. Its owner is told.
operator-stop-late = Job { $job } is over, or too far to be stopped.
operator-paused = New orders are paused until { -admin } resume. What has left the queue goes on.
operator-paused-already = New orders are paused already.
operator-resumed = Orders are taken again.
operator-not-paused = Nothing was paused.

operator-access = Who may use this bot:
operator-access-open = • everybody (setting REELBOT_ACCESS)
operator-access-admin = • { $id }, admin (setting REELBOT_ADMINS)
operator-access-owner = • { $id }, admin of their own WeChat account (has scanned its code)
operator-access-admin-code = • { $id }, admin (by a one-time code, { $when })
operator-code-taken = You are an admin of this bot. { -admin } says what you can do here.
operator-code-void = This code does not count, or not any more. Whoever runs the bot gets a new one with “reelbot setup”.
operator-access-setting = • { $id } (setting REELBOT_ACCESS)
operator-access-let-in = • { $id } (let in by { $user }, { $when })
operator-access-moved = • { $new } (the group { $old } of the setting REELBOT_ACCESS, which has this id now: put it there)
operator-access-cap = • { $id }: { $used } of { $cap } used in 24 hours, a cap of its own
operator-access-default-cap = Each other group may use { $cap } in 24 hours (setting REELBOT_GROUP_DAILY_USD).
operator-no-chat = There is no chat “{ $name }”. There are: { $names }.
operator-bad-id = { $id } is no id of that chat. The bot tells its id to whoever writes to it.
operator-allowed = { $id } may use this bot now.
operator-allowed-already = { $id } was let in before.
operator-allowed-by-setting = { $id } may use this bot already, by the settings.
operator-removed = { $id } may not use this bot any more. What is in the works goes on.
operator-not-let-in = { $id } was not let in here.
operator-not-let-in-by-you = { $id } was not let in by you: that is for the admins of the whole bot.
operator-setting-allows = { $id } is allowed by a setting (REELBOT_ACCESS or REELBOT_ADMINS), which only whoever runs the bot can change.
operator-cap = { $id } may use { $cap } within 24 hours from now on.
operator-cap-off =
    { $id } has no cap of its own any more. { KNOWN($cap) ->
        [yes] The setting’s { $cap } counts.
       *[no] No setting gives groups a cap.
    }
operator-cap-no-group = { $id } is a person. Caps of this kind are for groups.
operator-help =
    For admins, in private:
    { -admin }: who waits, what runs, what was spent; stop, pause, let people in

button-allow = Allow { $id }
let-in = You may use this bot now. { -help } shows what it can do.
stopped-by-admin = The people who run this bot have stopped your job { $job }. Nothing was charged.
stopping-by-admin = The people who run this bot have asked to stop your job { $job }. You hear here what came of it.
orders-paused = New orders are paused by the people who run this bot. Nothing was bought. Please try again later.
state-paused = Waits: the people who run this bot have paused new orders. Nothing has been charged.
alert-stranger =
    { KNOWN($name) ->
        [yes] “{ $name }” ({ $id })
       *[no] { $id }
    } asks to use this bot{ KNOWN($chat) ->
        [yes] {" "}in the group { $chat }
       *[no] {""}
    }. To let them in: { -admin } allow { $id }
alert-new-admin = { $user } is an admin of the bot now, by a code of “reelbot setup”. If you do not know who that is: { -admin } remove { $user }
alert-group-moved = The group { $old } has become a supergroup, and its id is { $new } now. Its settings, jobs and caps went with it. Your setting REELBOT_ACCESS or REELBOT_ADMINS still has the old id: put the new one there. Until then the group may go on.
alert-strangers = More people ask to be let in than I report one by one in a day. { -admin } waiting lists them.
command-admin = Who waits, what runs, what was spent; let people in

over-group-cap =
    { KNOWN($free_at) ->
        [yes] This would cost { $price }, and { $left } of this group’s { $cap } for 24 hours are left. There is room again at { $free_at }.
       *[no] { $fits ->
            [no] This would cost { $price }, more than this group’s { $cap } for 24 hours. Please choose a shorter or cheaper one ({ -price }).
           *[yes] This would cost { $price }, and { $left } of this group’s { $cap } for 24 hours are left. There is room again when the videos under way here have ended.
        }
    }
over-user-cap-in-group = This is more than you may spend now, so I did not order it. { -balance }, written to me in private, shows the numbers.
balance-told = Your own balance I have sent to you in private.
balance-ask-in-private = Your own balance I tell you in private: write { -balance } to me there.
balance-group =
    In the last 24 hours this group has spent { $spent }{ KNOWN($held) ->
        [yes] , and { $held } is set aside for videos under way
       *[no] {""}
    }. { $left } of { $cap } are left.
balance-group-no-cap = This group has no cap of its own.
