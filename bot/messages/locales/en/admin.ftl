# The same codes for the operator and the console, where the remedy differs from what the person is told.

admin-not-configured = No fal key: set FAL_KEY in the environment or in .env (fal.ai/dashboard/keys), or FAL_PROXY_URL for a proxy that adds it.
admin-invalid-key = fal refuses the key (401 or 403): check FAL_KEY, make a new one at fal.ai/dashboard/keys, and give it API scope. Nothing was charged.
admin-out-of-credits = The fal account has no balance left: top it up at fal.ai/dashboard/billing. Nothing was charged.
admin-insufficient-credits = The proxy reports too few credits for this video (402): top up its balance, or choose a cheaper model. Nothing was charged.
admin-key-locked = fal has locked this account: see fal.ai/dashboard for the reason. Nothing was charged.
admin-model-not-allowed = This key may not use the model: choose one that "reelbot models" lists, or have the key allowed for it.
admin-endpoint-not-allowed = The proxy does not allow this endpoint (403): choose a model it allows, or have the endpoint added to its list. Nothing was charged.
admin-model-not-found = fal knows no such model (404): the endpoint may have been renamed or withdrawn. Choose another one from "reelbot models". Nothing was charged.
admin-wrong-endpoint = fal knows the model's app but not this path in it: the endpoint in the model's row is wrong or was withdrawn. Choose another model and report it.
admin-storage-not-allowed = The fal key may not upload files. Ways out: give the key the storage permission at fal.ai/dashboard/keys; or set REELBOT_PUBLIC_URL to the https address of this bot, so that it serves photos itself; or set REELBOT_FAL_ASSETS_URL to where something else publishes the folder output/fal_assets.
admin-asset-unreachable =
    { $reason ->
        [dns] The published photo's host name cannot be resolved: check REELBOT_PUBLIC_URL or REELBOT_FAL_ASSETS_URL.
        [private] The asset address leads into a private network ({ $address }), where fal cannot go: give it a public one. Where only this machine sees it so (split DNS), nothing is wrong.
        [tls] The certificate of the asset address is not valid{ KNOWN($detail) ->
            [yes] {" "}({ $detail })
           *[no] {""}
        }: mend it, or check REELBOT_PUBLIC_URL or REELBOT_FAL_ASSETS_URL.
        [refused] Nothing answers at the asset address: is the reverse proxy up, and does it reach REELBOT_PORT?
        [timeout] The asset address does not answer in time: is it open to the world?
        [status] The asset address answers with status { $status } instead of 200: does it show the folder output/fal_assets?
        [type] The asset address answers with “{ $type }” instead of a picture or a video: does it show the folder output/fal_assets, and without a login page?
        [content] Another file came back than the one just published: the asset address shows another folder, or something in front of it changes pictures. It must show the folder output/fal_assets of this very bot.
       *[other] The published asset cannot be fetched from outside: check REELBOT_PUBLIC_URL or REELBOT_FAL_ASSETS_URL.
    } REELBOT_ASSET_CHECK=false skips this look where this machine cannot reach its own public name.
admin-no-asset-host = REELBOT_ASSET_HOST is "folder", but no public address is known: set REELBOT_PUBLIC_URL or REELBOT_FAL_ASSETS_URL, or use REELBOT_ASSET_HOST=auto.
admin-image-url-not-public = image_url must be a public http(s) address: publish the file first ("reelbot publish FILE") and use the address that prints, or give the file itself.
admin-unknown-model = Unknown model “{ $model }”: "reelbot models" lists all of them.
admin-model-retired = { $model } was shut down on { $day }: "reelbot models" lists those that are sold.
admin-model-unavailable =
    fal does not take { $model } just now, so it is not bought: { KNOWN($instead) ->
        [yes] use { $instead }, or another one that "reelbot models" lists.
       *[no] choose another one that "reelbot models" lists.
    } "reelbot models --check" asks fal again.
admin-unpriced =
    { KNOWN($resolution) ->
        [yes] { $model } at { $resolution } has no known price, so it is not bought: choose a combination that "reelbot models" lists.
       *[no] { $model } has no known price for this, so it is not bought: choose a combination that "reelbot models" lists.
    }
admin-bad-option =
    { $option ->
        [duration] The duration must be a whole number of seconds, 1 or more.
        [resolution] “{ $value }” is no resolution: use for example 720p or 1080p.
        [aspect_ratio] “{ $value }” is no aspect ratio this model makes: use for example 16:9, 9:16 or 1:1.
        [source] Give one photo or one video, not more.
        [image] The given file is no image.
        [video] The given file is no video.
       *[other] The option { $option } does not fit: { $value }.
    }
admin-prompt-missing = The prompt is empty.
admin-invalid-input =
    { KNOWN($field) ->
        [yes] fal refused the field “{ $field }” of the request.
       *[no] fal refused the request.
    } Change the prompt or the options; "reelbot models" shows what each model takes.
admin-price-changed = The source is longer than it was said to be: the price would be { $price }, more than was told. Nothing was bought.
admin-unknown-request = No request “{ $request_id }” is known here or in any of the known models' apps at fal: check the id and FAL_KEY.
admin-too-many-pictures = { $model } takes { $most } pictures at most: give fewer.
admin-source-not-supported = { $model } has no { $mode } and no stand-in for it: choose a model that has it, such as { $able }.
admin-source-unavailable = The photo or video cannot be read: is the path right? In a chat, the chat's servers did not hand it out.
admin-unsupported-media =
    { $what ->
        [edits] a video whose edit list names another speed, or pauses: export it as a new file.
        [dolby-vision] a video in Dolby Vision profile 5, whose colours only licensed players know: export it as SDR or HLG.
        [svg] a drawing (SVG), not a photo: save it as JPEG or PNG.
       *[other] no kind of file that can be read: photos as JPEG, HEIC, PNG, WebP, AVIF, GIF or BMP, videos as MP4, MOV, WebM, MKV or M4V, with the ending that belongs to it.
    }
admin-unreadable-media = The file cannot be read; it seems damaged. Save it anew, or take another one.
admin-truncated-media = The file is not complete; its end is missing. Copy it again.
admin-file-too-large =
    { KNOWN($max_bytes) ->
        [yes] The file is too large: at most { SIZE($max_bytes) }.
       *[no] { KNOWN($max_size) ->
            [yes] The file is too large for the model: at most { SIZE($max_size) }.
           *[no] { KNOWN($max_megapixels) ->
                [yes] The picture has too many pixels: at most { $max_megapixels } megapixels in a file of its kind.
               *[no] { KNOWN($max_side) ->
                    [yes] The video is too large: at most { $max_side } pixels a side.
                   *[no] The file is too large for the model.
                }
            }
        }
    } Make it smaller.
admin-image-too-small =
    { KNOWN($min_width) ->
        [yes] The photo is too small: the model wants at least { $min_width } pixels a side.
       *[no] The photo is too small for the model.
    }
admin-video-too-long =
    { KNOWN($max_duration) ->
        [yes] The video is too long: this model takes at most { $max_duration } seconds.
       *[no] The video is too long for this model.
    }
admin-audio-too-long =
    { KNOWN($max_duration) ->
        [yes] The sound is too long: this model takes at most { $max_duration } seconds.
       *[no] The sound is too long for this model.
    }
admin-audio-too-short =
    { KNOWN($min_duration) ->
        [yes] The sound is too short: this model needs at least { $min_duration } seconds.
       *[no] The sound is too short for this model.
    }
admin-video-too-short =
    { KNOWN($min_duration) ->
        [yes] The video is too short: this model needs at least { $min_duration } seconds.
       *[no] The video is too short for this model.
    }
admin-bad-reference =
    { KNOWN($status) ->
        [yes] The photo or video could not be fetched or used (status { $status }): give a public address or a local JPEG or MP4.
       *[no] The photo or video could not be fetched or used: give a public address or a local JPEG or MP4.
    }
admin-content-policy-violation = The model's content rules refused this; it may have been charged if it was already rendered. Word it differently, or use another picture.
admin-generation-failed = fal or the model behind it failed; usually that is not charged. Try again once, with a shorter prompt or another model.
admin-downstream-service-error = The model behind fal failed, often over the reference asset: re-encode or resize it (16:9 is safest), publish it again and retry. Usually this is not charged.
admin-fal-busy = fal takes no more requests of this account at once; nothing was ordered or charged. Try again in a few minutes.
admin-fal-unavailable =
    { KNOWN($status) ->
        [yes] fal does not answer as it should (status { $status })
       *[no] fal does not answer
    }: check the network, FAL_QUEUE_URL and FAL_PROXY_URL{ KNOWN($request_id) ->
        [yes] . The order stands: “reelbot poll { $request_id }” asks again, for nothing.
       *[no] , and try again.
    }
admin-submit-not-sent = fal could not be reached, so nothing was ordered or charged: check the network, FAL_QUEUE_URL, FAL_PROXY_URL and FAL_CA_FILE, and try again.
admin-submit-unknown = No clear answer to the submit: the video may have been ordered and charged. Look at fal.ai/dashboard/requests; "reelbot poll REQUEST_ID" fetches it. It is not submitted again by itself.
admin-still-running =
    { KNOWN($request_id) ->
        [yes] Still rendering at fal. Fetch it later: reelbot poll { $request_id }
       *[no] Still rendering at fal. Fetch it later with "reelbot poll REQUEST_ID".
    }
admin-result-expired = fal no longer has the result; it was probably charged. Order it anew if it is still wanted.
admin-download-failed =
    { KNOWN($status) ->
        [yes] The finished video could not be fetched whole (status { $status }). It is paid for: fetch it again with "reelbot poll REQUEST_ID" soon, fal keeps it for a limited time.
       *[no] The finished video could not be fetched whole. It is paid for: fetch it again with "reelbot poll REQUEST_ID" soon, fal keeps it for a limited time.
    }
admin-video-broken = The finished file cannot be played, even after fetching it again. It was probably charged. "reelbot poll REQUEST_ID" tries once more.
admin-disk-full = The disk of the output folder is full: make room there or set REELBOT_OUTPUT_DIR. A rendered video can still be fetched with "reelbot poll REQUEST_ID".
