"""Everything that touches the broker, NATS JetStream: nothing else imports the driver.

`connection` the connection; `jetstream_api` requests to the broker; `streams` what streams and consumers are and that
the broker agrees; `publisher` acknowledged publishing; `relay` publishes what waits in documents; `rebuild` makes a
lost stream again from the journal; `pull` and `consumer` the consuming side, `settle` (pure) what becomes of a
message and `outcome` carrying it out, `attempts` how often it failed, `dead_letter` what was given up; `tasks` tasks
that do not end silently; `broker` composes all of it for one service:

    store = await EmbeddedDocuments.connect(path, (*COLLECTIONS, *BROKER_COLLECTIONS, ...))
    broker = Broker(
        url=settings.nats_url, service_name="scoring", store=store, journal=Journal(store), clock=clock,
        owned_stream=SCORING, emitting_collections=["scores", "evaluations"],
        subscriptions={"tiendo.report.>": on_report, "tiendo.obligation.>": on_obligation},
    )
    await broker.start()     # ... serve HTTP; readiness shows broker.ready() ...
    await broker.stop()

A handler takes an `Envelope` and returns when its effect is stored; it raises `Transient` to be tried again after a
delay and `Permanent` to have the message kept as a dead letter. It may see an event again at any time.
"""
