"""The position of the sun and the irradiance on a tilted plane."""

from functools import lru_cache
from math import asin, atan2, cos, degrees, exp, pi, radians, remainder, sin, tan

from twin_tui.engine.signals import value

SECONDS_PER_DAY = 86400
SOLAR_CONSTANT_W_M2 = 1366.1
"""Extraterrestrial irradiance at one astronomical unit (ASTM E490)."""

MIN_COS_ZENITH = 0.065
"""Erbs clearness divides by no less than this (zenith 86.3°), as pvlib does."""
MIN_COS_ZENITH_FOR_BEAM = cos(radians(87.0))

_LOWEST_SEEN = sin(radians(-0.8333))
"""Of the sun's centre; below it nothing of the sun is seen."""
_AIR = 1013.25 / 1010.0 * 283.0 / 285.0

_J2000_UNIX_DAY = 10957.5
_TERRESTRIAL_AHEAD_DAYS = 69.0 / SECONDS_PER_DAY
_RADIANS_PER_SECOND = 2.0 * pi / SECONDS_PER_DAY


@value
class SunDay:
    """What changes so slowly that one UTC day needs it once: values at 0 h and their change per second."""

    sin_declination: float
    sin_declination_per_s: float
    cos_declination: float
    cos_declination_per_s: float
    equation_of_time_rad: float
    equation_of_time_rad_per_s: float
    extraterrestrial_w_m2: float


@value
class Location:
    """A point on the earth; build it with `place`."""

    sin_latitude: float
    cos_latitude: float
    longitude_rad: float


@value
class Plane:
    """A module plane; build it with `plane`. The normal points east, north, up."""

    normal_east: float
    normal_north: float
    normal_up: float


def place(latitude_deg: float, longitude_deg: float) -> Location:
    """Return the place at a latitude (north +) and longitude (east +), both in degrees."""
    latitude = radians(latitude_deg)
    return Location(sin(latitude), cos(latitude), radians(longitude_deg))


def plane(tilt_deg: float, azimuth_deg: float) -> Plane:
    """Return the plane with a tilt from the horizontal and an azimuth clockwise from north (180 = south)."""
    tilt, azimuth = radians(tilt_deg), radians(azimuth_deg)
    return Plane(sin(tilt) * sin(azimuth), sin(tilt) * cos(azimuth), cos(tilt))


def solar_coordinates(unix_day: float) -> tuple[float, float, float]:
    r"""Return declination and equation of time in rad and the distance of the sun in astronomical units.

    The time is in days since 1970-01-01 0 h UTC; the equation of time is positive when the sundial is ahead.

    Notes
    -----
    With T centuries since 2000-01-01 12:00 TT, mean longitude :math:`L_0`, mean anomaly M, node of the moon
    :math:`\Omega` and the obliquity :math:`\varepsilon`:

    .. math::
        L = L_0 + C(M) + \sum p_i - 0.00569° - 0.00478° \sin\Omega,\quad
        \sin\delta = \sin\varepsilon \sin L,\quad
        \tan\alpha = \cos\varepsilon \tan L,\quad
        E = \theta_0 - \alpha

    C is the equation of the centre, p the five largest disturbances by Venus, Jupiter and the moon,
    :math:`\theta_0` sidereal time at Greenwich less the time of day. Within 0.004° of NREL's SPA from 2000 to
    2050, of which 0.0024° is the parallax that is left out. Terrestrial time is taken 69 s ahead.

    References
    ----------
    J. Meeus, "Astronomical Algorithms", 2nd ed., ch. 12, 22, 25 and 28, Willmann-Bell 1998; the disturbances
    from his "Astronomical Formulae for Calculators", ch. 18.
    """
    days = unix_day - _J2000_UNIX_DAY
    t = (days + _TERRESTRIAL_AHEAD_DAYS) / 36525.0
    anomaly = radians(357.52911 + 35999.05029 * t)
    centre = (1.914602 - 0.004817 * t) * sin(anomaly) + 0.019993 * sin(2.0 * anomaly)
    centre += 0.000289 * sin(3.0 * anomaly)
    since_1900 = t + 1.0
    disturbed = (
        0.00134 * cos(radians(153.23 + 22518.7541 * since_1900))
        + 0.00154 * cos(radians(216.57 + 45037.5082 * since_1900))
        + 0.00200 * cos(radians(312.69 + 32964.3577 * since_1900))
        + 0.00179 * sin(radians(350.74 + 445267.1142 * since_1900))
        + 0.00178 * sin(radians(231.19 + 20.20 * since_1900))
    )
    node = radians(125.04 - 1934.136 * t)
    nutation = -0.00478 * sin(node)
    longitude = radians(280.46646 + 36000.76983 * t + centre + disturbed - 0.00569 + nutation)
    obliquity = radians(23.439291 - 0.0130042 * t + 0.00256 * cos(node))
    right_ascension = atan2(cos(obliquity) * sin(longitude), cos(longitude))
    sidereal = radians(280.46061837 + 0.98564736629 * days + nutation * cos(obliquity))
    return (
        asin(sin(obliquity) * sin(longitude)),
        remainder(sidereal - right_ascension, 2.0 * pi),
        1.00014 - 0.01671 * cos(anomaly) - 0.00014 * cos(2.0 * anomaly),
    )


@lru_cache(maxsize=1024)
def sun_day(unix_day: int) -> SunDay:
    """Return the constants of the UTC day that begins `unix_day` days after 1970-01-01."""
    now, eot_now, _ = solar_coordinates(unix_day)
    then, eot_then, _ = solar_coordinates(unix_day + 1)
    distance_au = solar_coordinates(unix_day + 0.5)[2]
    return SunDay(
        sin_declination=sin(now),
        sin_declination_per_s=(sin(then) - sin(now)) / SECONDS_PER_DAY,
        cos_declination=cos(now),
        cos_declination_per_s=(cos(then) - cos(now)) / SECONDS_PER_DAY,
        equation_of_time_rad=eot_now,
        equation_of_time_rad_per_s=(eot_then - eot_now) / SECONDS_PER_DAY,
        extraterrestrial_w_m2=SOLAR_CONSTANT_W_M2 / (distance_au * distance_au),
    )


def sun_vector(unix_s: float, where: Location) -> tuple[float, float, float]:
    r"""Return the direction of the sun as a unit vector: east, north, and up, the cosine of the zenith angle.

    Notes
    -----
    .. math::
        e = -\cos\delta\sin\omega,\quad
        n = \sin\delta\cos\varphi - \cos\delta\sin\varphi\cos\omega,\quad
        u = \sin\delta\sin\varphi + \cos\delta\cos\varphi\cos\omega

    with the hour angle :math:`\omega`, zero at solar noon. Declination and equation of time run linearly
    through each UTC day, which costs less than 0.001° against evaluating them at each instant. No refraction,
    which `refracted` adds. Within 0.007° of NREL's SPA, close to the zenith 0.02°; the azimuth within 0.01°
    up to an elevation of 60°.

    References
    ----------
    J. A. Duffie, W. A. Beckman, "Solar Engineering of Thermal Processes", 4th ed., ch. 1.6, Wiley 2013,
    doi:10.1002/9781118671603.
    """
    unix_day = int(unix_s // SECONDS_PER_DAY)
    second = unix_s - unix_day * SECONDS_PER_DAY
    day = sun_day(unix_day)
    hour_angle = (
        second * (_RADIANS_PER_SECOND + day.equation_of_time_rad_per_s)
        - pi
        + where.longitude_rad
        + day.equation_of_time_rad
    )
    sin_declination = day.sin_declination + day.sin_declination_per_s * second
    cos_declination = day.cos_declination + day.cos_declination_per_s * second
    meridian = cos_declination * cos(hour_angle)
    return (
        -cos_declination * sin(hour_angle),
        sin_declination * where.cos_latitude - meridian * where.sin_latitude,
        sin_declination * where.sin_latitude + meridian * where.cos_latitude,
    )


def refracted(cos_zenith: float) -> float:
    r"""Return the cosine of the zenith angle at which the sun is seen through the air.

    Notes
    -----
    With the elevation e in degrees, at 1013.25 hPa and 12 °C:

    .. math:: \Delta e = \frac{p}{1010\,hPa} \frac{283}{273 + T} \frac{1.02°}{60 \tan(e + 10.3 / (e + 5.11))}

    0.57° at the horizon, 0.1° at 9°. Real air differs by a tenth of it, near the horizon by more.

    References
    ----------
    I. Reda, A. Andreas, "Solar position algorithm for solar radiation applications", NREL/TP-560-34302, 2008,
    eq. 42, after Saemundsson.
    """
    if not cos_zenith > _LOWEST_SEEN:
        return cos_zenith
    elevation = degrees(asin(min(1.0, cos_zenith)))
    rise = _AIR * 1.02 / (60.0 * tan(radians(elevation + 10.3 / (elevation + 5.11))))
    return sin(radians(elevation + rise))


def cos_incidence(sun: tuple[float, float, float], surface: Plane) -> float:
    """Return the cosine of the angle between the sun's rays and the plane's normal; negative from behind."""
    east, north, up = sun
    return east * surface.normal_east + north * surface.normal_north + up * surface.normal_up


def haurwitz(cos_zenith: float) -> float:
    r"""Return the clear-sky global horizontal irradiance after Haurwitz, W/m²; 0 when the sun is down.

    Notes
    -----
    .. math:: G = 1098 \cos z \; e^{-0.059/\cos z}

    The zenith is that of the sun as it is seen, `refracted`. One formula for all places and seasons, the best
    of the models that need the zenith alone: too bright in haze, too dark on mountains and in dry, clear air.

    References
    ----------
    B. Haurwitz, "Insolation in relation to cloudiness and cloud density", J. Meteorology 2, pp. 154-166,
    1945. M. J. Reno, C. W. Hansen, J. S. Stein, "Global Horizontal Irradiance Clear Sky Models",
    SAND2012-2389, 2012.
    """
    if not cos_zenith > 0.0:
        return 0.0
    return 1098.0 * cos_zenith * exp(-0.059 / cos_zenith)


def erbs(ghi_w_m2: float, cos_zenith: float, extraterrestrial_w_m2: float) -> tuple[float, float]:
    r"""Split global horizontal irradiance into direct normal and diffuse horizontal irradiance, all in W/m².

    The extraterrestrial irradiance is that normal to the rays.

    Notes
    -----
    With the clearness :math:`k = G/(G_{on}\cos z)` the diffuse fraction is :math:`1 - 0.09k` up to 0.22,
    :math:`0.9511 - 0.1604k + 4.388k^2 - 16.638k^3 + 12.336k^4` up to 0.8, and 0.165 above. All is diffuse
    when the sun is lower than 3°. The correlation was fitted to hourly values: the mean of many hours is
    about right, but between clouds, in seconds, the beam is stronger than ours. A weather file with both
    takes its place.

    References
    ----------
    D. G. Erbs, S. A. Klein, J. A. Duffie, "Estimation of the diffuse radiation fraction for hourly, daily and
    monthly-average global radiation", Solar Energy 28(4), pp. 293-302, 1982,
    doi:10.1016/0038-092X(82)90302-4.
    """
    if cos_zenith < MIN_COS_ZENITH_FOR_BEAM:
        return 0.0, ghi_w_m2
    k = min(1.0, ghi_w_m2 / (extraterrestrial_w_m2 * max(cos_zenith, MIN_COS_ZENITH)))
    if k <= 0.22:
        fraction = 1.0 - 0.09 * k
    elif k <= 0.8:
        fraction = 0.9511 + k * (-0.1604 + k * (4.388 + k * (-16.638 + k * 12.336)))
    else:
        fraction = 0.165
    diffuse = fraction * ghi_w_m2
    return (ghi_w_m2 - diffuse) / cos_zenith, diffuse


def isotropic_plane_irradiance(
    dni_w_m2: float,
    dhi_w_m2: float,
    ghi_w_m2: float,
    cos_aoi: float,
    cos_tilt: float,
    *,
    albedo: float = 0.2,
) -> float:
    r"""Return the irradiance on a tilted plane under a sky of even brightness, W/m².

    It takes direct normal, diffuse horizontal and global horizontal irradiance, the cosines of the angle of
    incidence and of the plane's tilt, and the share of light that the ground reflects.

    Notes
    -----
    .. math:: G_p = B\max(0, \cos\theta) + D\frac{1 + \cos\beta}{2} + \rho G\frac{1 - \cos\beta}{2}

    Too dark by some percent for steep planes on clear days, since the sky near the sun is brighter than the
    rest.

    References
    ----------
    B. Y. H. Liu, R. C. Jordan, "The long-term average performance of flat-plate solar-energy collectors",
    Solar Energy 7(2), pp. 53-74, 1963, doi:10.1016/0038-092X(63)90006-9.
    """
    beam = dni_w_m2 * cos_aoi if cos_aoi > 0.0 else 0.0
    return beam + 0.5 * (dhi_w_m2 * (1.0 + cos_tilt) + albedo * ghi_w_m2 * (1.0 - cos_tilt))


def plane_irradiance(
    ghi_w_m2: float,
    unix_s: float,
    sun: tuple[float, float, float],
    surface: Plane,
    albedo: float = 0.2,
    dni_w_m2: float | None = None,
    dhi_w_m2: float = 0.0,
) -> float:
    """Return the irradiance in a module plane, W/m², from the global horizontal one: `erbs`, then
    `isotropic_plane_irradiance`. The Unix time gives the distance to the sun.

    Direct normal and diffuse horizontal irradiance that were measured are taken as they are.
    """
    if not ghi_w_m2 > 0.0:
        return 0.0
    if surface.normal_up == 1.0:
        return ghi_w_m2
    if dni_w_m2 is None:
        extraterrestrial = sun_day(int(unix_s // SECONDS_PER_DAY)).extraterrestrial_w_m2
        dni_w_m2, dhi_w_m2 = erbs(ghi_w_m2, sun[2], extraterrestrial)
    return isotropic_plane_irradiance(
        dni_w_m2, dhi_w_m2, ghi_w_m2, cos_incidence(sun, surface), surface.normal_up, albedo=albedo
    )


def sine_irradiance(
    second_of_day: float, sunrise_s: float, sunset_s: float, peak_w_m2: float = 1000.0
) -> float:
    r"""Return half a sine between sunrise and sunset, W/m², for runs that want a simple and known sun.

    All times are local, in s since midnight.

    Notes
    -----
    .. math:: G = G_{max}\sin\left(\pi\frac{t - t_r}{t_s - t_r}\right)

    A drawing, not a model: it knows neither season nor latitude. The day total is
    :math:`2/\pi \cdot G_{max}(t_s - t_r)`.
    """
    if not sunrise_s < second_of_day < sunset_s:
        return 0.0
    return peak_w_m2 * sin(pi * (second_of_day - sunrise_s) / (sunset_s - sunrise_s))
