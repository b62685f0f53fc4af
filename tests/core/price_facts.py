"""What fal's pages and other people's bills say a video costs, written down apart from the catalogue.

Each line: model, mode (t words, i photo, f first and last photo, r with a number: so many pictures of a likeness, x
continued, u upscaled, e a draft made whole, s a sound), seconds, resolution ("-" where there is none), sound ("on",
"off", "-" where it cannot be chosen), dollars of that video, the day it was seen. Where two readings differ the dearer
one stands here.
"""

FACTS = """
wan-2.5                t  5 480p  -   0.25    2026-11
wan-2.5                i 10 1080p -   1.50    2026-11
wan-2.7                t  5 720p  -   0.50    2026-11
wan-3.0                t  5 480p  on  0.25    2026-10-08
wan-3.0                i 30 1080p off 6.00    2026-10-08
wan-3.0                t  2 720p  off 0.20    2026-10-08
happy-horse            t  5 720p  -   0.70    2026-11
happy-horse            t  5 1080p -   1.40    2026-11
happy-horse-1.1        i  5 1080p -   0.90    2026-10-04
seedance-2.0-fast      t  5 720p  on  1.2095  2026-10-08
seedance-2.0-fast      i  4 480p  off 0.45    2026-11
seedance-2.0-mini      t  5 720p  on  0.7735  2026-10-08
seedance-2.0-mini      i 15 480p  on  1.0815  2026-10-08
seedance-2.0-standard  t  5 720p  on  1.517   2026-08-22
seedance-2.0-standard  i  5 1080p off 3.41    2026-08-22
seedance-2.5           t  5 480p  on  1.1025  2026-10-03
seedance-2.5           t  5 720p  on  2.365   2026-10-03
seedance-2.5           i 30 1080p on  34.92   2026-10-03
seedance-2.5-us        t  5 480p  on  1.323   2026-10-03
seedance-2.5-us        i 10 720p  off 5.676   2026-10-03
seedance-2.5-us        r4  4 1080p on 5.584   2026-10-03
h3-max-turbo           t  5 768P  -   0.24    2026-10-04
h3-max-turbo           i 15 1080P -   1.28    2026-10-04
h3-max                 t  5 768P  -   0.48    2026-10-04
h3-max                 i  1 480P  -   0.10    2026-10-04
h3                     t  5 480P  -   0.25    2026-10-04
h3                     i  5 4K    -   0.80    2026-10-04
h3                     t 15 2K    -   1.95    2026-10-04
hailuo-2.3             t  6 -     -   0.28    2026-10-04
hailuo-2.3             i 10 -     -   0.56    2026-10-04
hailuo-2.3-fast        i  6 -     -   0.19    2026-10-04
hailuo-2.3-fast        i 10 -     -   0.32    2026-10-04
grok-1.5-lite          t  5 720p  -   0.15    2026-10-03
grok-1.5-lite          i  5 720p  -   0.16    2026-10-03
grok-1.5-lite          t  1 1080p -   0.14    2026-10-03
grok-1.5               t  5 480p  -   0.40    2026-10-03
grok-1.5               i 15 1080p -   3.76    2026-10-03
gemini-omni-flash      t  3 360p  -   0.09    2026-10-04
gemini-omni-flash      i  8 4k    -   2.40    2026-10-04
veo-3.1-lite           t  4 720p  on  0.20    2026-09-01
veo-3.1-lite           i  8 720p  off 0.24    2026-09-01
veo-3.1-fast           t  6 1080p on  0.90    2026-10-04
veo-3.1-fast           i  6 720p  off 0.60    2026-10-04
veo-3.1-fast           t  4 4k    on  1.40    2026-10-04
veo-3.1                t  6 720p  on  2.40    2026-10-03
veo-3.1                t  6 720p  off 1.20    2026-10-03
veo-3.1                i  8 4k    off 3.20    2026-10-03
kling-4                t  3 720p  -   0.471   2026-11
kling-4                t 30 1080p -   7.05    2026-11
kling-3                t  5 -     off 0.56    2026-10-08
kling-3                i  5 -     on  0.84    2026-10-08
kling-3-standard       t  5 -     off 0.42    2026-10-08
kling-3-standard       i 10 -     on  1.26    2026-10-08
kling-3-turbo          t  5 -     -   0.56    2026-10-03
kling-3-turbo-pro      i  5 -     -   0.70    2026-10-03
kling-2.6              t  5 -     off 0.35    2026-11
kling-2.6              i 10 -     on  1.40    2026-11
kling-2.5-turbo        i  5 -     -   0.35    2026-10-03
flux-3                 t  5 720p  -   0.85    2026-09-16
flux-3                 i 20 1080p -   5.80    2026-09-16
flux-3-draft           t  5 -     on  0.30    2026-10-04
ltx-2.5-fast           t  6 720p  on  0.54    2026-08-24
ltx-2.5-fast           i 10 2160p off 3.00    2026-08-24
ltx-2.5-fast           t  8 1440p on  1.52    2026-08-24
ltx-2.5-pro            i 10 1080p on  1.70    2026-08-24
ltx-2.5-fast           s  7 1080p -   0.91    2026-09
h3-max                 s2 5 768P  -   0.40    2026-10
h3-max                 s2 14 2K   -   4.48    2026-10
sync-3                 s2 60 -    -   7.998   2026-09
ltx-2.5-pro            s 10 1080p -   1.70    2026-08-24
pixverse-6             t  5 720p  on  0.30    2026-10-04
pixverse-6             i 15 1080p off 1.35    2026-10-04
pixverse-6             t  1 360p  off 0.025   2026-10-04
flux-3                 f  5 720p  on  0.85    2026-09-16
flux-3                 x  5 720p  on  2.05    2026-09-16
flux-3                 x 10 1080p off 5.30    2026-09-16
flux-3-draft           f  5 -     off 0.30    2026-10-04
flux-3-draft           e  5 -     -   1.45    2026-09-16
pixverse-6             f  5 720p  off 0.225   2026-10-04
pixverse-6             x  5 720p  on  0.30    2026-10-04
upscaler               u 10 1080p -   0.072   2026-10-02
upscaler               u  5 4k    -   0.144   2026-09-08
veo-3.1                x  7 720p  off 1.40    2026-10-03
veo-3.1-fast           x  7 720p  on  1.05    2026-10-04
veo-3.1                r2  8 1080p on 3.20    2026-10-03
h3                     r9  5 2K    -   0.65    2026-10-04
grok-1.5               r3  5 720p  -   0.73    2026-10-03
vidu-q3                f  4 720p  on  0.616   2026-10-04
vidu-q3                t  5 540p  on  0.35    2026-10-04
vidu-q3                i 16 1080p off 2.464   2026-10-04
vidu-q3-turbo          t  5 720p  on  0.385   2026-10-04
"""
