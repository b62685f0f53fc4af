# The words of commands: with a slash where people have buttons and menus, bare in “quotes” where they type everything.

-status = { CHAT() ->
    [words] “status”
   *[buttons] /status
}
-history = { CHAT() ->
    [words] “history”
   *[buttons] /history
}
-models = { CHAT() ->
    [words] “models”
   *[buttons] /models
}
-price = { CHAT() ->
    [words] “price”
   *[buttons] /price
}
-help = { CHAT() ->
    [words] “help”
   *[buttons] /help
}
-video = { CHAT() ->
    [words] “video:”
   *[buttons] /video
}
-balance = { CHAT() ->
    [words] “balance”
   *[buttons] /balance
}
-settings = { CHAT() ->
    [words] “settings”
   *[buttons] /settings
}
-admin = { CHAT() ->
    [words] “admin”
   *[buttons] /admin
}
