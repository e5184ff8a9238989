"""Random numbers from a seed. Two runs with the same seed are equal."""

from .limits import HEADS_INTERVAL_MS, REPLY_WAIT_MS, REPLY_WAIT_MS_MAX

U64 = (1 << 64) - 1


class Rng:
    """SplitMix64 (Steele, Lea, Flood 2014), for jitter and for names that are not secret."""

    def __init__(self, seed: int) -> None:
        self.state = seed & U64

    def next(self) -> int:
        self.state = (self.state + 0x9E37_79B9_7F4A_7C15) & U64
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9) & U64
        z = ((z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB) & U64
        return z ^ (z >> 31)

    def below(self, limit: int) -> int:
        return self.next() % limit

    def hex(self) -> str:
        return f"{self.next():016x}"

    def wait_ms(self, attempt: int) -> int:
        """The time to wait for the reply to an attempt. The first attempt is 0.

        The time doubles up to a maximum, with a jitter of a quarter.
        """
        full = min(REPLY_WAIT_MS << min(attempt, 16), REPLY_WAIT_MS_MAX)
        return full - full // 4 + self.below(full // 2)

    def heads_interval_ms(self) -> int:
        """The time until the next request for heads."""
        return self.up_to_a_quarter_shorter(HEADS_INTERVAL_MS)

    def up_to_a_quarter_shorter(self, full: int) -> int:
        """Adds jitter: clients that reconnected at the same moment do not stay synchronized."""
        return full - self.below(max(full // 4, 1))

    def uuid(self) -> str:
        """A random id of version 4, which is not secret."""
        digits = self.hex() + self.hex()
        variant = f"{(int(digits[16], 16) & 3) | 8:x}"
        bits = digits[:12] + "4" + digits[13:16] + variant + digits[17:]
        return "-".join((bits[:8], bits[8:12], bits[12:16], bits[16:20], bits[20:]))

    def barrier_topic(self) -> str:
        """The topic of a new barrier, which no other client uses."""
        return f"sync.client.{self.hex()}{self.hex()}"
