"""The published language of plans: model, periods, calendar regimes, working days, units. Pure."""
