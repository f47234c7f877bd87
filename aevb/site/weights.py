"""Weights in fewer bytes than deflate makes of them, and the same to the last bit.

The high byte of a weight holds its sign, its exponent and two bits of its fraction; low bytes are as good as
random. How large a weight is likely to be follows from its row and its column, so there is a Huffman code of
high bytes for each size that is expected. aevb/web/hosts/squeezed.js undoes it.
"""

import heapq
import json
from itertools import pairwise

import numpy as np

CODES = 16
"""As many sizes, half an octave apart."""


def squeeze(packed: bytes) -> bytes:
    """What `aevb.explore.packing.pack` made, squeezed.

    The header and all low bytes stand as they did. Then each array follows, a matrix where the next array's
    size divides its own, as a bias's does: for its rows and for its columns, a byte each, how many quarters
    of an octave they lie below the largest; of each code the lengths of its words, by the byte that they
    stand for; and the words.
    """
    start = 4 + int.from_bytes(packed[:4], "little")
    sizes = [size for _, size in json.loads(packed[4:start])["arrays"]]
    high, low = np.frombuffer(packed, np.uint8, offset=start).reshape(2, -1)
    weights = np.abs((high.astype(np.uint16) << 8 | low).view(np.float16).astype(float))
    squeezed, begun = [packed[:start], low.tobytes()], 0
    for size, following in pairwise([*sizes, 0]):
        shape = (-1, following if following and size % following == 0 else size)
        here = slice(begun, begun + size)
        squeezed.append(_matrix(high[here].reshape(shape), weights[here].reshape(shape)))
        begun += size
    return b"".join(squeezed)


def _matrix(high: np.ndarray, weights: np.ndarray) -> bytes:
    below = [_below(weights.mean(axis)) if len(weights) > 1 else np.zeros(n, np.uint8)
             for axis, n in zip((1, 0), weights.shape, strict=True)]  # fmt: skip
    expected = np.minimum((below[0][:, None].astype(int) + below[1]) // 2, CODES - 1)
    lengths = np.array(
        [_lengths(np.bincount(high[expected == code], minlength=256)) for code in range(CODES)]
    )
    words = np.array([_words(of_code) for of_code in lengths])
    length, word = lengths[expected, high].ravel(), words[expected, high].ravel()
    ends = length.cumsum()
    bits = np.zeros(ends[-1], np.uint8)
    for place in range(length.max()):  # of a word, from its last bit
        there = length > place
        bits[ends[there] - 1 - place] = word[there] >> place & 1
    return b"".join([*(sizes.tobytes() for sizes in below), lengths.tobytes(), np.packbits(bits).tobytes()])


def _below(sizes: np.ndarray) -> np.ndarray:
    octaves = np.log2(np.maximum(sizes, 1e-7))
    return np.minimum(np.round(4 * (octaves.max() - octaves)), 255).astype(np.uint8)


def _lengths(counts: np.ndarray) -> np.ndarray:
    """Of each byte's word in Huffman's code; 0 of a byte that does not occur."""
    trees = [(int(counts[byte]), int(byte), [int(byte)]) for byte in np.flatnonzero(counts)]
    lengths = np.zeros(256, np.uint8)
    if len(trees) == 1:
        lengths[trees[0][1]] = 1
    heapq.heapify(trees)
    while len(trees) > 1:
        (count, least, bytes_), (other, _, more) = heapq.heappop(trees), heapq.heappop(trees)
        lengths[bytes_ + more] += 1
        heapq.heappush(trees, (count + other, least, bytes_ + more))
    return lengths


def _words(lengths: np.ndarray) -> np.ndarray:
    """The canonical code: words of a length are consecutive numbers, by the bytes that they stand for."""
    words, word = np.zeros(256, np.int64), 0
    for length in range(1, int(lengths.max(initial=0)) + 1):
        for byte in np.flatnonzero(lengths == length):
            words[byte] = word
            word += 1
        word <<= 1
    return words
