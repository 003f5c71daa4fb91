#!/usr/bin/env python3
"""A payment worker in another language: it takes game.purchased from RabbitMQ and
answers payment.completed, by nothing but pkg/contract/payments/asyncapi.json.

It charges nobody, so every payment completes. It keeps no database either: the id of a
payment is computed from its purchase, so that a purchase that is asked for twice gets
the same payment. A real worker gives that id to its provider as the idempotency key.

    AMQP_URL=amqp://guest:guest@127.0.0.1:5672/ python3 worker.py
"""
import datetime
import json
import os
import secrets
import signal
import sys
import time
import uuid

import pika
import pika.exceptions

EXCHANGE = "gamestore.events"
QUEUE = "payments-python.purchases"
DEAD = "payments-python.dead"
PAYMENTS = uuid.UUID("6f0c2b8e-6a0f-5d4e-9a55-0d6a3f6f1c11")  # the namespace of payment ids


class Poison(Exception):
    """What cannot be read now will never be."""


def uuid7():
    value = time.time_ns() // 1_000_000 << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=value))


def read(body, content_type):
    """Returns the purchases of a message: one event, or a batch of them."""
    try:
        decoded = json.loads(body)
        events = decoded if content_type == "application/cloudevents-batch+json" else [decoded]
        for event in events:
            if event["type"] != "com.gamestore.game.purchased.v1":
                raise Poison(f"unknown type {event['type']}")
            for member in (event["id"], event["data"]["purchaseId"], event["data"]["price"]["currency"]):
                if not isinstance(member, str):
                    raise Poison(f"{member!r} is not a text")
            event["data"]["price"]["amount"] + 0
        return events
    except (ValueError, KeyError, TypeError) as error:
        raise Poison(f"malformed: {error!r}") from error


def completed(event):
    """Returns the answer to a purchase, or nothing if it is free."""
    purchase = event["data"]
    if purchase["price"]["amount"] == 0:
        return None
    now = datetime.datetime.now(datetime.timezone.utc).isoformat()
    answer = {
        "specversion": "1.0", "id": uuid7(), "source": "/payments", "type": "com.gamestore.payment.completed.v1",
        "subject": purchase["purchaseId"], "time": now, "datacontenttype": "application/json",
        "dataschema": "/schemas/payment.completed.v1", "causationid": event["id"], "sequence": "1",
        "data": {
            "paymentId": str(uuid.uuid5(PAYMENTS, purchase["purchaseId"])),
            "purchaseId": purchase["purchaseId"], "amount": purchase["price"], "at": now,
        },
    }
    for member in ("correlationid", "traceparent"):
        if member in event:
            answer[member] = event[member]
    return answer


def publish(channel, event):
    """Returns when the broker has confirmed the event, and raises if it has not."""
    headers = {"traceparent": event["traceparent"]} if "traceparent" in event else {}
    properties = pika.BasicProperties(
        message_id=event["id"], content_type="application/cloudevents+json", headers=headers, delivery_mode=2)
    channel.basic_publish(EXCHANGE, "payment.completed", json.dumps(event), properties, mandatory=True)


def handle(channel, method, properties, body):
    try:
        events = read(body, properties.content_type)
    except Poison as reason:
        print("dead letter:", reason, flush=True)
        channel.basic_reject(method.delivery_tag, requeue=False)
        return
    for event in events:
        answer = completed(event)
        if answer:
            publish(channel, answer)
    channel.basic_ack(method.delivery_tag)  # only now: a crash before this line brings it again


def work(connection):
    channel = connection.channel()
    channel.confirm_delivery()
    channel.exchange_declare(EXCHANGE, passive=True)  # the platform makes it
    channel.queue_declare(DEAD, durable=True, arguments={"x-queue-type": "quorum"})
    channel.queue_declare(QUEUE, durable=True, arguments={
        "x-queue-type": "quorum", "x-overflow": "reject-publish", "x-dead-letter-strategy": "at-least-once",
        "x-dead-letter-exchange": "", "x-dead-letter-routing-key": DEAD,
    })
    channel.queue_bind(QUEUE, EXCHANGE, "game.purchased")
    channel.basic_qos(prefetch_count=64)
    channel.basic_consume(QUEUE, handle)
    print("waiting for purchases", flush=True)
    channel.start_consuming()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    parameters = pika.URLParameters(os.environ["AMQP_URL"])
    while True:
        try:
            with pika.BlockingConnection(parameters) as connection:
                work(connection)
        except (pika.exceptions.AMQPError, OSError) as error:
            print("again in a second:", repr(error), flush=True)
            time.sleep(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
