# One entry per error code of the library: what happened and what to do next, for the person. What it cost is added from money.ftl.

error-not-configured = This bot is not connected to its video service yet. Please tell its operator.
error-invalid-key = The video service did not accept this bot’s account. Please tell its operator.
error-out-of-credits = This bot’s account at the video service is out of credit. Please tell its operator, and try again later.
error-insufficient-credits = This bot’s account has too little credit for this video. Please tell its operator, or try a shorter or cheaper one ({ -price }).
error-key-locked = This bot’s account at the video service is locked. Please tell its operator.
error-model-not-allowed = This bot’s account may not use this model. Please choose another one ({ -models }).
error-endpoint-not-allowed = This bot’s account may not use this model. Please choose another one ({ -models }).
error-model-not-found = The video service does not offer this model at the moment. Please choose another one ({ -models }).
error-wrong-endpoint = This model cannot be used this way at the moment. Please choose another one ({ -models }).
error-storage-not-allowed = I could not hand your file to the video service, because this bot has no place to publish it. Please tell its operator; videos from words alone still work.
error-asset-unreachable = The video service could not fetch your file from this bot. Please tell its operator; videos from words alone still work.
error-no-asset-host = I could not hand your file to the video service, because this bot has no public address. Please tell its operator; videos from words alone still work.

error-image-url-not-public = That address cannot be reached from outside. Please send me the file itself.
error-unknown-model = There is no model “{ $model }”. { -models } lists all of them.
error-model-retired = { $model } was shut down on { $day }. Please choose another model ({ -models }).
error-model-unavailable =
    { $model } is not available at the moment. { KNOWN($instead) ->
        [yes] Please use { $instead } instead, or choose another model ({ -models }).
       *[no] Please choose another model ({ -models }), or try again tomorrow.
    }
error-unpriced = There is no price for this combination, so it was not ordered. Please choose another resolution or model ({ -models }).
error-bad-option =
    { $option ->
        [duration] That length is not possible. Write it in whole seconds, for example 5s or 10s.
        [resolution] There is no resolution “{ $value }”. Write for example 720p or 1080p.
        [aspect_ratio] This model cannot make the shape “{ $value }”. Write for example 16:9, 9:16 or 1:1.
        [source] Please give one photo or one video, not both.
        [image] This is a video where a photo belongs.
        [video] This is a photo where a video belongs.
       *[other] One of your options is not possible. { -help } shows how to write them.
    }
error-prompt-missing =
    What should the video show? { CHAT() ->
        [words] Write for example: “video: a red fox runs through fresh snow”
       *[buttons] Write it after /video, or as the caption of your photo.
    }
error-prompt-too-long =
    { KNOWN($max_length) ->
        [yes] Your text is too long for this model; it reads up to { $max_length } characters.
       *[no] Your text is too long for this model.
    } Please shorten it.
error-invalid-input = The video service did not accept this request. Please change the text or the options and try again.
error-price-changed = Your video is longer than it seemed, so changing it would cost { $price }, more than you were told. Take it at that price, or send a shorter one.
error-unknown-request = The video service knows no such request.

error-unsupported-media =
    { $what ->
        [edits] This video is put together in a way that I cannot follow: at another speed, or with pauses. Please export it as a new video and send that.
        [dolby-vision] This video is in a kind of Dolby Vision that only licensed players can show. Please export it without HDR and send that.
        [svg] This is a drawing (SVG), not a photo. Please save it as JPEG or PNG.
       *[other] I cannot read this kind of file. Photos work as JPEG, HEIC, PNG, WebP, AVIF, GIF or BMP, videos as MP4, MOV, WebM, MKV or M4V.
    }
error-unreadable-media = I cannot read this file; it seems damaged. Please send it again or choose another one.
error-truncated-media = This file is not complete; its end is missing. Please send it again.
error-file-too-large =
    { KNOWN($max_bytes) ->
        [yes] This file is too large; at most { SIZE($max_bytes) } are possible.
       *[no] { KNOWN($max_size) ->
            [yes] This file is too large for the model; it takes at most { SIZE($max_size) }.
           *[no] { KNOWN($max_megapixels) ->
                [yes] This picture has too many pixels; at most { $max_megapixels } megapixels are possible in a file of its kind.
               *[no] { KNOWN($max_side) ->
                    [yes] This video is too large; at most { $max_side } pixels a side are possible.
                   *[no] This file is too large for the model.
                }
            }
        }
    } { KNOWN($max_megapixels) ->
        [yes] Please send it as a photo rather than as a file, or save it as a smaller JPEG first.
       *[no] Please send a smaller one.
    }
error-image-too-small =
    { KNOWN($min_width) ->
        [yes] This photo is too small; the model wants at least { $min_width } pixels a side.
       *[no] This photo is too small for the model.
    } Please send a larger one.
error-image-aspect-ratio = This photo is too long and narrow for the model. Please crop it closer to a square and try again.
error-video-too-long =
    { KNOWN($max_duration) ->
        [yes] Your video is too long; this model takes at most { $max_duration } seconds.
       *[no] Your video is too long for this model.
    } Please send a shorter one.
error-audio-too-long =
    { KNOWN($max_duration) ->
        [yes] Your recording is too long; this model takes at most { $max_duration } seconds.
       *[no] Your recording is too long for this model.
    } Please send a shorter one.
error-audio-too-short =
    { KNOWN($min_duration) ->
        [yes] Your recording is too short; this model needs at least { $min_duration } seconds.
       *[no] Your recording is too short for this model.
    } Please send a longer one.
error-video-too-short =
    { KNOWN($min_duration) ->
        [yes] Your video is too short; this model needs at least { $min_duration } seconds.
       *[no] Your video is too short for this model.
    } Please send a longer one.
error-film-gone = The video that this was to be made of is no longer there.
error-chain-too-long = The whole film would be longer than { $max_duration } seconds, which is more than I can do. You can go on from a shorter one.
error-large-enough = This video has as many pixels as { $resolution } already.
error-draft-gone = The video service has kept nothing of this draft, so it cannot be made whole. I can make the same anew in full; it may look a little different.
error-too-many-pictures = { $model } takes { $most } pictures at most. Please send fewer, or choose another model ({ -models }).
error-source-not-supported =
    { $mode ->
        [audio-to-video] { $model } makes no film of a recording. { $able } can.
       *[other] { $model } cannot use what you sent. { -models } shows which models can.
    }
error-source-unavailable = I could not get your photo or video from the chat. Please send it again.
error-preparation-budget =
    { $minutes ->
        [one] Preparing your videos has taken a lot of computing time within the last hour, so this one has to wait. Please try again in a minute.
       *[other] Preparing your videos has taken a lot of computing time within the last hour, so this one has to wait. Please try again in { $minutes } minutes.
    }
error-bad-reference = The video service could not use your photo or video. Please try another one, as JPEG or MP4.

error-content-policy-violation = The model’s content rules do not allow this. Please word it differently, or use another picture; photos of real people are often refused.
error-no-media-generated = The model made no video from this. Please word it a little differently and try again.
error-face-detection-error = The model found no face it could use. Please try a photo with one face that is clearly seen.
error-generation-failed = This video could not be made. Please try again, perhaps with a shorter or simpler text, or choose another model ({ -models }).
error-generation-timeout = This took too long and was given up. Please try again, perhaps shorter or at a lower resolution.
error-downstream-service-error = The model failed, most often because of the picture. Please try another photo, best in 16:9, or try again later.
error-upstream-unavailable = The video service has trouble right now. Please try again in a few minutes.
error-fal-busy = The video service is very busy and took no order. Please try again in a few minutes.
error-fal-unavailable = The video service does not answer right now. Please try again in a few minutes.
error-submit-not-sent = I could not reach the video service, so nothing was ordered. Please try again in a few minutes.
error-submit-unknown = The video service did not confirm this order, so it may have been charged. If the video turns up, you get it. I do not order it again by myself, so that you do not pay twice; to try anew, send your request once more.
error-still-running = Still rendering. This one takes long; you will get it as soon as it is done.
error-result-expired = I am sorry: the video service no longer has this video. If you still want it, it has to be made anew.

error-download-failed = The video was rendered, but I could not fetch it. Please tell the operator, who may still be able to get it.
error-video-broken = The finished video arrived damaged, and fetching it again did not help. Please tell the operator, or order it anew.
error-disk-full = This bot has run out of disk space for videos. Please tell its operator.
error-cancelled = Cancelled.
error-unknown = Something went wrong with this video, and I do not know more. Please try again later or tell the operator.
