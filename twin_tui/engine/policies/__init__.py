"""Operation modes: control laws that the site runs itself, in place of direct setpoints."""
