# /settings: what a person, or a group by its admins, has set for orders.

settings-title = Your settings, for every video where you say nothing else:
settings-title-group = Settings of this group, for every video where its person has set or said nothing else:
setting-line = • { $field }: { $value } ✓
setting-line-default = • { $field }: { $value } (default)
settings-price = A video of { $seconds } s costs { $price } with these.
settings-in-words = In words: { -settings } model veo · { -settings } seconds 8 · { -settings } reset
settings-changed = Saved.
settings-reset = Back to the default.
settings-unknown = “{ $asked }” is no setting I know.
settings-unknown-value = I do not know “{ $asked }” here.
settings-page = { $field }: choose one.
settings-no-choice = { $field }: this model leaves no choice.
settings-group-admins = Only the admins of this group change its settings. Your own are yours: write { -settings } to me in private.

setting-model = model
setting-seconds = seconds
setting-shape = shape
setting-resolution = resolution
setting-sound = sound
setting-language = language
setting-zone = time zone
setting-value-seconds = { $seconds } s
setting-value-sound =
    { $sound ->
        [on] on
       *[off] off
    }
setting-value-by-model = as the model makes it

clock =
    { $beijing ->
        [yes] { $time } Beijing time
       *[no] { $time } { $zone }
    }
zone-beijing = Beijing time

button-setting = { $field }: { $value }
button-setting-price =
    { KNOWN($price) ->
        [yes] { $value }, { $price }
       *[no] { $value }
    }
button-setting-default = Back to the default
button-settings-back = « All settings
button-settings-reset = Restore all defaults

typed-set = settings
typed-set-field = settings { $field }
typed-set-value = settings { $field } { $value }
typed-set-default = settings { $field } default
typed-set-reset = settings reset
typed-allow = admin allow { $id }
command-settings = What I use when you say nothing else: model, length, shape
