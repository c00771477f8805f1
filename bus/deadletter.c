#include "bus/deadletter.h"

#include <stddef.h>

/* The headers that are plain texts, in the order in which they travel. */
static const struct text_header {
    const char *name;
    size_t offset;
} text_headers[] = {
    {"tenant", offsetof(struct deadletter, tenant)},
    {"tenant_id", offsetof(struct deadletter, tenant_id)},
    {"channel_id", offsetof(struct deadletter, channel_id)},
    {"connector", offsetof(struct deadletter, connector)},
    {"entity_type", offsetof(struct deadletter, entity_type)},
    {"external_id", offsetof(struct deadletter, external_id)},
    {"dlq.stage", offsetof(struct deadletter, stage)},
    {"dlq.reason", offsetof(struct deadletter, reason)},
    {"dlq.detail", offsetof(struct deadletter, detail)},
    {"dlq.path", offsetof(struct deadletter, path)},
    {"dlq.origin", offsetof(struct deadletter, origin)},
};

#define TEXT_HEADERS (sizeof text_headers / sizeof *text_headers)
#define FIRST_SEEN "dlq.first-seen"

_Static_assert(TEXT_HEADERS + 1 <= BUS_HEADERS_MAX, "a dead letter's headers fit a message");

static const struct str *text_peek(const struct deadletter *letter, size_t i)
{
    return (const struct str *)(const void *)((const char *)letter + text_headers[i].offset);
}

static struct str *text_at(struct deadletter *letter, size_t i)
{
    return (struct str *)(void *)((char *)letter + text_headers[i].offset);
}

void deadletter_to_message(const struct deadletter *letter, struct deadletter_scratch *scratch,
                           struct bus_message *message_out)
{
    size_t count = 0;
    for (size_t i = 0; i < TEXT_HEADERS; i++) {
        const struct str *text = text_peek(letter, i);
        if (!str_is_null(*text))
            scratch->headers[count++] = (struct bus_header){str_of(text_headers[i].name), *text};
    }
    if (letter->first_seen_us >= TIME_MIN && letter->first_seen_us <= TIME_MAX) {
        clock_format(letter->first_seen_us, scratch->first_seen);
        scratch->headers[count++] =
            (struct bus_header){STR_LIT(FIRST_SEEN), str_of(scratch->first_seen)};
    }
    /* One tenant's letters keep their order; letters without a tenant are spread. */
    *message_out = (struct bus_message){.topic = BUS_DEADLETTER,
                                        .key = letter->tenant_id,
                                        .value = letter->payload,
                                        .headers = scratch->headers,
                                        .header_count = count};
}

static void take_header(const struct bus_header *header, struct deadletter *letter)
{
    for (size_t i = 0; i < TEXT_HEADERS; i++)
        if (str_is(header->name, text_headers[i].name))
            *text_at(letter, i) = header->value;
    if (str_is(header->name, FIRST_SEEN) && !clock_parse(header->value, &letter->first_seen_us))
        letter->first_seen_us = TIME_NONE;
}

void deadletter_from_message(const struct bus_message *message, struct deadletter *letter_out)
{
    *letter_out = (struct deadletter){.first_seen_us = TIME_NONE, .payload = message->value};
    for (size_t i = 0; i < message->header_count; i++)
        take_header(&message->headers[i], letter_out);
}
