"""fal.ai video generation, async and typed: buy a video, publish an asset, fetch any request again.

>>> import core
>>> core.estimate_cost("balanced", 5)
Decimal('0.70')
>>> video = await core.generate_video("a red fox running through fresh snow")  # doctest: +SKIP
"""

from core.assets.publish import publish_asset
from core.config import FalSettings
from core.errors import ERROR_CODES, VideoError
from core.generate import Progress, generate_video, poll_video
from core.media.client import probe
from core.pricing import estimate_cost, list_models, plan
from core.types import Asset, Mode, Video

__all__ = [
    "ERROR_CODES",
    "Asset",
    "FalSettings",
    "Mode",
    "Progress",
    "Video",
    "VideoError",
    "estimate_cost",
    "generate_video",
    "list_models",
    "plan",
    "poll_video",
    "probe",
    "publish_asset",
]
