"""Who is given what: `broker_view` what pages ask of the broker; `models` the repositories; `pages` the routers."""
