"""Reads and merges what an H.264 decoder must know before the first picture (ISO/IEC 14496-15, 5.3.3: avcC).

Each picture names, by a number, the set that it was made with, so the sets of several encodes stand in one film as long
as no number means two things. Players then need neither sets among the pictures nor a second description of them.
"""

from dataclasses import dataclass

_HEAD = 5
_FOUR_BYTE_LENGTHS = 3
_MOST_SETS, _MOST_PICTURE_SETS = 31, 255
_SEQUENCE_NUMBER_AT, _PICTURE_NUMBER_AT = 4, 1
"""The bytes before the number: kind, profile, constraints and level; kind."""
_NUMBER_BYTES = 8

Sets = dict[int, bytes]


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """The sets of a film by their numbers: of sequences and of pictures. `head`, `tail`: the record around them."""

    head: bytes
    sequences: Sets
    pictures: Sets
    tail: bytes

    def with_those_of(self, other: "ParameterSets") -> "ParameterSets | None":
        """Return both films' sets; None where a number means two things, or there are too many."""
        sequences, pictures = _merged(self.sequences, other.sequences), _merged(self.pictures, other.pictures)
        if sequences is None or pictures is None:
            return None
        if len(sequences) > _MOST_SETS or len(pictures) > _MOST_PICTURE_SETS:
            return None
        return ParameterSets(self.head, sequences, pictures, self.tail)

    def free_number(self) -> int:
        """Return a number that means nothing yet, for a new encode."""
        used = self.sequences.keys() | self.pictures.keys()
        return next(number for number in range(1, _MOST_PICTURE_SETS) if number not in used)

    def record(self) -> bytes:
        """Return the record as it stands in an mp4."""
        sequences, pictures = _listed(self.sequences), _listed(self.pictures)
        counts = bytes([0xE0 | len(self.sequences)]), bytes([len(self.pictures)])
        return self.head + counts[0] + sequences + counts[1] + pictures + self.tail


def read(record: bytes | None) -> ParameterSets | None:
    """Read the record; None where it is none, or its pictures are not stored with lengths of four bytes."""
    if not record or len(record) <= _HEAD or record[0] != 1 or record[4] & 3 != _FOUR_BYTE_LENGTHS:
        return None
    try:
        sequences, at = _sets(record, _HEAD, record[_HEAD] & 31, _SEQUENCE_NUMBER_AT)
        pictures, at = _sets(record, at, record[at], _PICTURE_NUMBER_AT)
    except (IndexError, ValueError):
        return None
    return ParameterSets(record[:_HEAD], sequences, pictures, record[at:])


def _sets(record: bytes, at: int, count: int, number_at: int) -> tuple[Sets, int]:
    found: Sets = {}
    at += 1
    for _ in range(count):
        length = int.from_bytes(record[at : at + 2], "big")
        unit = record[at + 2 : at + 2 + length]
        if len(unit) <= number_at or len(unit) < length:
            raise ValueError("cut")
        found[_number(unit[number_at:])] = unit
        at += 2 + length
    return found, at


def _number(data: bytes) -> int:
    """Read the first Exp-Golomb number: as many zeros as bits follow the first one."""
    head = data[:_NUMBER_BYTES]
    bits = f"{int.from_bytes(head, 'big'):0{len(head) * 8}b}"
    zeros = bits.index("1")
    return int(bits[zeros : 2 * zeros + 1], 2) - 1


def _merged(ours: Sets, theirs: Sets) -> Sets | None:
    if any(ours.get(number, unit) != unit for number, unit in theirs.items()):
        return None
    return ours | theirs


def _listed(sets: Sets) -> bytes:
    return b"".join(len(unit).to_bytes(2, "big") + unit for unit in sets.values())
