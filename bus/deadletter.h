/* deadletter.h: how a refused input travels on the topic "deadletter": value = the bytes as they
 * were, headers say why.
 *
 * Headers: tenant, tenant_id, channel_id, connector, entity_type, external_id, dlq.stage,
 * dlq.reason, dlq.detail, dlq.path, dlq.origin, dlq.first-seen; one that is unknown is left out.
 * Names follow reference/ecosystem.md 2.4, columns canonical-model 3.5 (dead_letters). Owns:
 * nothing; everything borrows from the caller. Threads: plain values. */
#ifndef SLUICE_BUS_DEADLETTER_H
#define SLUICE_BUS_DEADLETTER_H

#include "bus/bus.h"
#include "lib/clock.h"

struct deadletter {
    struct str tenant;     /* slug */
    struct str tenant_id;  /* uuid text */
    struct str channel_id; /* uuid text */
    struct str connector;
    struct str stage; /* receive, parse, normalize, publish, load, derive */
    struct str entity_type, external_id;
    struct str reason; /* stable word, e.g. json_syntax */
    struct str detail; /* for people; no message content */
    struct str path;   /* within the document */
    struct str origin; /* "webhook", "topic/partition/offset", file and byte offset */
    int64_t first_seen_us;
    struct str payload;
};

struct deadletter_scratch { /* what the message's headers borrow beside the dead letter */
    struct bus_header headers[BUS_HEADERS_MAX];
    char first_seen[CLOCK_TEXT_BYTES];
};

void deadletter_to_message(const struct deadletter *letter, struct deadletter_scratch *scratch,
                           struct bus_message *message_out);
/* Missing headers give NULL texts, a missing or bad time TIME_NONE; never fails. */
void deadletter_from_message(const struct bus_message *message, struct deadletter *letter_out);

#endif
