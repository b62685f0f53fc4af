"""fal.ai video generation, async and typed: buy a video, publish an asset, fetch any request again.

>>> import core
>>> core.estimate_cost("balanced", 5)
Decimal('0.70')
>>> video = await core.generate_video("a red fox running through fresh snow")  # doctest: +SKIP
"""

from core.assets.publish import publish_asset
from core.catalogue import Endpoint, Model
from core.config import FalSettings
from core.errors import ERROR_CODES, Blame, Repeat, VideoError
from core.generate import OnProgress, Progress, enhance_draft, generate_video, poll_video, upscale_video
from core.media.client import Probe, probe
from core.pricing import SourceFacts, estimate_cost, list_models, plan
from core.types import Adjustment, Asset, Kind, Mode, Plan, Quote, Video, VideoRequest

__all__ = [
    "ERROR_CODES",
    "Adjustment",
    "Asset",
    "Blame",
    "Endpoint",
    "FalSettings",
    "Kind",
    "Mode",
    "Model",
    "OnProgress",
    "Plan",
    "Probe",
    "Progress",
    "Quote",
    "Repeat",
    "SourceFacts",
    "Video",
    "VideoError",
    "VideoRequest",
    "enhance_draft",
    "estimate_cost",
    "generate_video",
    "list_models",
    "plan",
    "poll_video",
    "probe",
    "publish_asset",
    "upscale_video",
]
