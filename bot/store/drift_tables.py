"""What fal no longer takes of the catalogue, and the unit prices that it named last. Times: milliseconds UTC."""

import sqlalchemy as sa

from bot.store.tables import metadata

drifts = sa.Table(
    "reelbot_drifts",  # a row of the catalogue with which something is wrong; none: all is well
    metadata,
    sa.Column("endpoint", sa.String, primary_key=True),
    sa.Column("mode", sa.String, primary_key=True),
    sa.Column("findings", sa.JSON, nullable=False),  # see core/catalogue/drift.py
    sa.Column("since", sa.BigInteger, nullable=False),
)

unit_prices = sa.Table(
    "reelbot_unit_prices",
    metadata,
    sa.Column("endpoint", sa.String, primary_key=True),
    sa.Column("amount", sa.String, nullable=False),
    sa.Column("unit", sa.String, nullable=False),
    sa.Column("currency", sa.String, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),  # since when it is this one
)
