"""The operating point of a circuit whose devices answer to the voltage that they cause."""

from math import fsum

Point = tuple[float, ...]


class FixedPoint:
    r"""Finds u = F(u) with few evaluations of F, which steps every device of a site.

    Broyden's method for :math:`r(u) = F(u) - u = 0` with the inverse H of the Jacobian of :math:`u - F(u)`,
    which starts as the identity (plain iteration) and is kept from one search to the next:

    .. math:: u' = u + H r,\quad H' = H + \frac{(\Delta u - H y)\,\Delta u^T H}{\Delta u^T H y},\quad
        y = -\Delta r

    Curves with kinks can lead it astray: after two evaluations without progress it goes on from the best
    point, half as far. Where F falls as u rises (``falling``), as with inverters that give way to a higher
    voltage, u lies between any point below F(u) and any above it: a step that leaves the two nearest ones
    goes to the middle between them. That finds the way onto a slope that is shorter than the first step.

    References
    ----------
    C. G. Broyden, "A class of methods for solving nonlinear simultaneous equations", Math. Comp. 19,
    pp. 577-593, 1965, doi:10.1090/S0025-5718-1965-0198670-6.
    """

    __slots__ = ("_above", "_below", "_best", "_best_size", "_falling", "_inverse", "_misses", "_size", "_u")

    def __init__(self, size: int, *, falling: bool = False) -> None:
        self._size = size
        self._falling = falling
        self._inverse = [[float(i == j) for j in range(size)] for i in range(size)]
        self.begin()

    def begin(self) -> None:
        """Begin another search, with what is known of the slope."""
        self._u: tuple[Point, Point] | None = None
        self._best: tuple[Point, Point] | None = None
        self._best_size = 0.0
        self._misses = 0
        self._below: Point | None = None
        self._above: Point | None = None

    @property
    def best(self) -> Point:
        """The point of this search at which F(u) is nearest to u."""
        assert self._best is not None
        return self._best[0]

    def next(self, u: Point, found: Point) -> Point:
        """Return where to evaluate F next; ``found`` is F(u)."""
        r = tuple([a - b for a, b in zip(found, u, strict=True)])
        size = max(map(abs, r))
        if self._u is not None:
            self._learn(u, r)
        if self._best is None or size < self._best_size:
            self._best, self._best_size, self._misses = (u, r), size, 0
        else:
            self._misses += 1
        reach = 1.0
        if self._misses >= 2:
            (u, r), self._misses, reach = self._best, 0, 0.5
        self._u = u, r
        wanted = tuple([a + reach * _dot(row, r) for a, row in zip(u, self._inverse, strict=True)])
        return self._between(u, r, wanted) if self._falling else wanted

    def _between(self, u: Point, r: Point, wanted: Point) -> Point:
        """Return ``wanted``, or where it leaves the nearest points below and above, the middle of them."""
        if min(r) >= 0.0 and (self._below is None or fsum(u) > fsum(self._below)):
            self._below = u
        elif max(r) <= 0.0 and (self._above is None or fsum(u) < fsum(self._above)):
            self._above = u
        below, above = self._below, self._above
        if below is None or above is None or fsum(below) < fsum(wanted) < fsum(above):
            return wanted
        return tuple([0.5 * (a + b) for a, b in zip(below, above, strict=True)])

    def _learn(self, u: Point, r: Point) -> None:
        assert self._u is not None
        before_u, before_r = self._u
        du = [a - b for a, b in zip(u, before_u, strict=True)]
        y = [b - a for a, b in zip(r, before_r, strict=True)]
        inverse, places = self._inverse, range(self._size)
        moved = [_dot(row, y) for row in inverse]
        across = [_dot(du, [row[j] for row in inverse]) for j in places]
        scale = _dot(across, y)
        if abs(scale) <= 1e-3 * _dot(du, du):
            return
        for i in places:
            share = (du[i] - moved[i]) / scale
            row = inverse[i]
            for j in places:
                row[j] += share * across[j]


def _dot(a: "list[float] | Point", b: "list[float] | Point") -> float:
    total = 0.0
    for x, y in zip(a, b, strict=True):
        total += x * y
    return total
