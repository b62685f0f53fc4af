"""The rows of the catalogue: what each video model at fal takes and costs. Data only; adding a model is adding one row.

Schemas and prices: the model pages at fal.ai/models/<endpoint id> (api and llms.txt), fal's own client types of
2026-08-02 and public code that measured bills; each row has its day. Where two readings differ the dearer one stands,
and what has no stated price is not sold.
"""

from core.catalogue import alibaba, bytedance, google, kling, minimax, others
from core.catalogue.row import Codec, Endpoint, Model, Prices, app_of

__all__ = ["MODELS", "Codec", "Endpoint", "Model", "Prices", "app_of"]

MODELS: tuple[Model, ...] = (
    alibaba.WAN_25,
    alibaba.HORSE,
    bytedance.SEEDANCE_FAST,
    minimax.H3_MAX,
    minimax.H3_MAX_TURBO,
    minimax.H3,
    alibaba.WAN_30,
    alibaba.WAN_27,
    alibaba.WAN_30_PRIME,
    alibaba.HORSE_11,
    others.GROK_LITE,
    others.GROK,
    google.GEMINI_OMNI,
    google.VEO_LITE,
    google.VEO_FAST,
    google.VEO,
    kling.KLING_4,
    kling.KLING_3,
    kling.KLING_3_STANDARD,
    kling.KLING_3_TURBO,
    kling.KLING_3_TURBO_PRO,
    kling.KLING_26,
    kling.KLING_25,
    bytedance.SEEDANCE_25,
    bytedance.SEEDANCE_25_US,
    bytedance.SEEDANCE,
    bytedance.SEEDANCE_MINI,
    others.FLUX_3,
    others.FLUX_3_DRAFT,
    others.LTX_FAST,
    others.LTX_PRO,
    others.LTX_23,
    others.PIXVERSE_6,
    others.PIXVERSE_C1,
    others.RAY_32,
    others.VIDU_Q3,
    others.VIDU_Q3_TURBO,
    minimax.HAILUO_23,
    minimax.HAILUO_23_FAST,
    bytedance.UPSCALER,
    others.SYNC_3,
    others.SORA_2,
)
"""The seed's three tiers, then each vendor's newest."""
