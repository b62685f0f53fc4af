"""What each code of an error means, for the programmer who reads it: what happened, and what to do next. Pure."""

from collections.abc import Mapping

_KEY = "fal.ai/dashboard/keys"
_FREE = "; asking again costs nothing"

SENTENCES: dict[str, str] = {
    "not_configured": f"There is no fal key: set FAL_KEY in the environment or in .env ({_KEY}).",
    "invalid_key": f"fal refuses the key: check FAL_KEY, or make a new one with the scope API at {_KEY}.",
    "out_of_credits": "The fal account has no balance left: top it up at fal.ai/dashboard/billing.",
    "insufficient_credits": "The proxy has too few credits for this video: top them up, or choose a cheaper model.",
    "key_locked": "fal has locked this account: fal.ai/dashboard says why. Nothing was charged.",
    "model_not_allowed": "This key may not use the model: choose another one (core.list_models()), or have it allowed.",
    "endpoint_not_allowed": "The proxy does not allow this endpoint: choose another model, or have it allowed there.",
    "model_not_found": "fal has no such model any more: choose another one (core.list_models()).",
    "wrong_endpoint": "fal knows the model, but not this path of it: choose another one, and report it.",
    "storage_not_allowed": "The key may not upload files: give it that right, or set REELBOT_PUBLIC_URL or "
    "REELBOT_FAL_ASSETS_URL to where the folder of assets is served.",
    "asset_unreachable": "The published file cannot be fetched from outside: check REELBOT_PUBLIC_URL or "
    "REELBOT_FAL_ASSETS_URL; REELBOT_ASSET_CHECK=false skips this look.",
    "no_asset_host": "REELBOT_ASSET_HOST is folder, and there is no public address: set REELBOT_PUBLIC_URL.",
    "image_url_not_public": "The address is not public: give a public http(s) address, or the file itself.",
    "unknown_model": "There is no model {model!r}: core.list_models() returns all of them.",
    "model_retired": "{model} was shut down on {day}: choose one of core.list_models().",
    "model_unavailable": "fal does not take {model} just now: choose another of core.list_models() (instead: "
    "{instead!r}), or try again tomorrow.",
    "unpriced": "{model} has no known price for this combination, so it is not bought: choose another resolution.",
    "bad_option": "{option} cannot be {value}.",
    "prompt_missing": "prompt is empty: say what the video should show.",
    "prompt_too_long": "prompt has {length} characters, and this model reads {max_length} at most: shorten it.",
    "invalid_input": "fal refused the request: change the prompt or the options.",
    "price_changed": "The source is longer than it was said to be, so the price would be higher: nothing was bought.",
    "unknown_request": "Neither the receipts nor fal know a request {request_id!r}: check the id, and FAL_KEY.",
    "unsupported_media": "This kind of file cannot be read: photos are JPEG, HEIC, PNG, WebP, AVIF, GIF or BMP, "
    "videos MP4, MOV, WebM, MKV or M4V, sounds MP3, M4A, WAV, OGG, FLAC, AAC or AMR, with the ending that "
    "belongs to it.",
    "unreadable_media": "The file cannot be read; it seems damaged: save it anew, or take another one.",
    "truncated_media": "The file is not complete, its end is missing: copy it again.",
    "file_too_large": "The file is too large: make it smaller.",
    "image_too_small": "The photo is too small for the model: take a larger one.",
    "image_aspect_ratio": "The photo is too long and narrow for the model: crop it closer to a square.",
    "video_too_long": "The video is too long for this model: cut it.",
    "video_too_short": "The video is too short for this model: take a longer one.",
    "audio_too_short": "The sound is too short for this model: it needs {min_duration} seconds at least.",
    "audio_too_long": "The sound is too long for this model: cut it.",
    "source_not_supported": "{model} makes nothing from these sources: choose another model ({able}).",
    "too_many_pictures": "{model} takes {most} pictures at most: give fewer.",
    "source_unavailable": "The file {path} cannot be read: {reason}.",
    "preparation_budget": "This person's photos and videos have used up their time of preparation: again in {minutes} "
    "minutes.",
    "film_gone": "The film that this was to be made of is gone: take another one.",
    "chain_too_long": "The film would be longer than {max_duration} seconds: go on from a shorter one.",
    "large_enough": "The film has as many pixels as {resolution} already.",
    "draft_gone": "fal keeps nothing of this draft any more: make the same request with flux-3 in full.",
    "bad_reference": "The photo or video could not be fetched or used: give a public address, or a JPEG or MP4 file.",
    "content_policy_violation": "The model's content rules refused this; it may have been charged: word it otherwise, "
    "or use another picture.",
    "no_media_generated": "The model made no video from this: word it a little differently.",
    "face_detection_error": "The model found no face that it could use: take a photo with one face, seen clearly.",
    "generation_failed": "fal or the model behind it failed: try again once, or choose another model.",
    "generation_timeout": "The model gave up, because this took too long: ask for a shorter or smaller video.",
    "downstream_service_error": "The model behind fal failed, often over the photo: take another one, or try later.",
    "upstream_unavailable": "fal has trouble just now: try again in a few minutes.",
    "fal_busy": "fal takes no more requests of this account at once, and took none: try again in a few minutes.",
    "fal_unavailable": f"fal does not answer as it should: check the network and FAL_QUEUE_URL{_FREE}.",
    "submit_not_sent": "fal could not be reached, so nothing was ordered: check the network, and try again.",
    "submit_unknown": "fal did not confirm the order, so it may have been charged: look at fal.ai/dashboard/requests "
    "before you order again; core.poll_video(request_id) fetches it.",
    "still_running": f"fal still works on it: core.poll_video(request_id) waits again{_FREE}.",
    "result_expired": "fal no longer has this video: order it anew if it is still wanted.",
    "download_failed": f"The finished video could not be fetched whole: core.poll_video(request_id){_FREE}.",
    "video_broken": f"The finished video cannot be played: core.poll_video(request_id) fetches it again{_FREE}.",
    "disk_full": "The disk of the output folder is full: make room, or set REELBOT_OUTPUT_DIR.",
    "cancelled": "Somebody cancelled the request.",
    "worker_crashed": "The process that worked on this died: core.poll_video(request_id) fetches what was ordered.",
    "record_unreadable": "The record of this request cannot be read by this version: use a newer one.",
}
"""By code. Braces are facts."""
_OTHER = "Something went wrong that this version has no words for."


class _Facts(dict[str, object]):
    """Facts, of which a sentence may name one that this error lacks."""

    def __missing__(self, name: str) -> str:
        return {"reason": "no such file", "path": "that was named"}.get(name, "this")


def sentence(code: str, facts: Mapping[str, object]) -> str:
    """Return what happened and what to do next."""
    return _template(code, facts).format_map(_Facts(facts))


def details(code: str, facts: Mapping[str, object]) -> dict[str, object]:
    """Return the facts that the sentence does not name."""
    template = _template(code, facts)
    return {name: value for name, value in facts.items() if f"{{{name}" not in template}


_EXAMPLES = {
    "duration": "it must be a whole number of seconds, 1 or more",
    "resolution": "it must be one such as 480p, 720p, 1080p or 4k",
    "aspect_ratio": "it must be one near to what the model makes, such as 16:9, 9:16 or 1:1",
}


def _template(code: str, facts: Mapping[str, object]) -> str:
    option = str(facts.get("option"))
    if code == "bad_option" and "needs" in facts:
        return "{option} cannot be {value}: it must be {needs}."
    if code == "bad_option" and option == "source":
        return "The {option} is {value}: give one."
    if code == "bad_option" and option in {"image", "video", "audio"}:
        return "The file for {option} {value}: give it to the argument that it belongs to."
    if code == "bad_option" and option in _EXAMPLES:
        return f"{{option}} cannot be {{value!r}}: {_EXAMPLES[option]}."
    return SENTENCES.get(code, _OTHER)
