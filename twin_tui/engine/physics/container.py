"""The heat of battery cells in a container: cells, the air around them, and the air outside."""


def container_step(
    cell_c: float,
    air_c: float,
    ambient_c: float,
    heat_w: float,
    climate_w: float,
    *,
    cell_j_per_k: float,
    air_j_per_k: float,
    cell_w_per_k: float,
    wall_w_per_k: float,
    dt_s: float,
) -> tuple[float, float]:
    r"""Return the temperatures of the cells and of the air in their container after a step, °C.

    ``heat_w`` arises in the cells, ``climate_w`` is what heating (+) or cooling (−) puts into the air.

    Notes
    -----
    .. math:: C_c \dot T_c = Q - G (T_c - T_a), \quad
              C_a \dot T_a = G (T_c - T_a) + Q_{climate} - H (T_a - T_{ambient})

    Solved by the implicit Euler method: stable at any step, and what the nodes gain is exactly what flows.

    All cells are one node, so that the hottest is warmer and the coldest colder in reality. No sun on the
    walls: on a summer's day a real container cools more. The converter's losses stay outside: it has a
    ventilation of its own; with constant efficiencies, which do not separate them, all losses heat the
    cells, which is too much.

    References
    ----------
    The nodes of SimSES 1.3.12 with the walls as one conductance. Heat capacity of the cells: LFP 0.070 kg of
    1001 J/(kg K) for 9.6 Wh, NMC 0.046 kg of 965 J/(kg K) for 7.38 Wh; 15 W/(m² K) from the 64 cm² of a 26650
    cell to the air; walls of a 40-foot container with 50 mm of rock wool, 0.94 W/(m² K) on 122 m², and
    640 kJ/K within them for 1 MWh, scaled by the area; COP 2.5 heating, 3.0 cooling. Heating and cooling
    power, 15 and 30 W for each kWh, are our choice.
    """
    per_cell, per_air = dt_s / cell_j_per_k, dt_s / air_j_per_k
    share = 1.0 + per_cell * cell_w_per_k
    warmed_c = (cell_c + per_cell * heat_w) / share
    exchange, wall = per_air * cell_w_per_k, per_air * wall_w_per_k
    air = air_c + per_air * climate_w + wall * ambient_c + exchange * warmed_c
    air /= 1.0 + wall + exchange / share
    return warmed_c + (share - 1.0) / share * air, air


def thermostat(state: int, cell_c: float, heat_below_c: float, cool_above_c: float, band_k: float) -> int:
    """Return what the climate control does: 1 heats, -1 cools, 0 rests.

    It starts at one of its two temperatures of the cells, and stops when they are ``band_k`` back.
    """
    if cell_c < heat_below_c or (state > 0 and cell_c < heat_below_c + band_k):
        return 1
    return -1 if cell_c > cool_above_c or (state < 0 and cell_c > cool_above_c - band_k) else 0
