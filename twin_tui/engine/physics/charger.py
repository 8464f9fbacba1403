"""The charger on board of an electric vehicle: what it loses between the cable and the cells."""


def charging_loss(ac_w: float, efficiency: float, constant_w: float) -> float:
    r"""Return what a vehicle loses while it takes a power from the cable, W, at most all of it.

    Notes
    -----
    .. math:: P_{loss} = \min(P_{ac}, (1 - \eta) P_{ac} + P_0)

    :math:`\eta` is the charger's, :math:`P_0` what the vehicle's own systems take while it charges. With
    :math:`P_0 = 0`, the default, the losses at small currents are too low.

    References
    ----------
    ADAC, "Ladeverluste", 2022: four vehicles lost 12.7 to 24.2 % of 2.3 kW and 6.3 to 9.7 % of 11 kW, and
    their own systems took 100 to 300 W. A line through the means is :math:`\eta = 0.94`, :math:`P_0` = 240 W.
    """
    loss = (1.0 - efficiency) * ac_w + constant_w
    return loss if loss < ac_w else ac_w


def discharging_loss(ac_w: float, efficiency: float, constant_w: float) -> float:
    r"""Return what a vehicle loses while it gives a power to the cable, W.

    Notes
    -----
    .. math:: P_{loss} = P_{ac} (1/\eta - 1) + P_0

    The constant part is taken as that of charging; measurements of vehicles that discharge are rare.
    """
    return ac_w * (1.0 / efficiency - 1.0) + constant_w
