#include "connectors/outset.h"

#include <stdlib.h>

#include "lib/arena.h"
#include "lib/limits.h"

#define RAW_HEADERS 8
/* What a set keeps when it is emptied; more is given back after a large one. */
#define KEPT_BYTES (256 * KIB)

struct addition { /* a message that is no record */
    struct addition *next;
    struct bus_message message;
};

struct addition_list {
    struct addition *first;
    struct addition **last;
};

struct letter {
    struct deadletter_scratch scratch;
    struct addition addition;
};

struct raw {
    struct bus_header headers[RAW_HEADERS];
    char received_at[CLOCK_TEXT_BYTES];
    struct addition addition;
};

struct record_of { /* what an encoded record was, until the set is complete */
    const struct envelope *envelope;
    struct envelope_record encoded;
};

struct outset {
    struct arena *arena;
    struct buf text;     /* encoded records */
    struct buf records;  /* struct record_of[] */
    struct buf messages; /* struct bus_message[] */
    struct addition_list letters, raws;
    size_t addition_count;
};

static void init_lists(struct outset *set)
{
    set->letters = set->raws = (struct addition_list){NULL, NULL};
    set->letters.last = &set->letters.first;
    set->raws.last = &set->raws.first;
    set->addition_count = 0;
}

struct outset *outset_new(void)
{
    struct outset *set = xcalloc(1, sizeof *set);
    set->arena = arena_new("set", LIMIT_SCOPE_ARENA_BYTES);
    buf_init(&set->text, LIMIT_BUS_QUEUE_BYTES);
    buf_init(&set->records, LIMIT_SCOPE_ARENA_BYTES);
    buf_init(&set->messages, LIMIT_SCOPE_ARENA_BYTES);
    init_lists(set);
    return set;
}

void outset_free(struct outset **set)
{
    if (set == NULL || *set == NULL)
        return;
    arena_free(&(*set)->arena);
    buf_done(&(*set)->text);
    buf_done(&(*set)->records);
    buf_done(&(*set)->messages);
    free(*set);
    *set = NULL;
}

static void empty(struct buf *buf)
{
    if (buf->cap > KEPT_BYTES)
        buf_done(buf);
    buf_reset(buf);
}

void outset_reset(struct outset *set)
{
    empty(&set->text);
    empty(&set->records);
    empty(&set->messages);
    arena_reset(set->arena);
    init_lists(set);
}

/* ---- what goes in ---- */

enum rc outset_add_record(struct outset *set, const struct envelope *envelope,
                          const struct record *record, struct err *err)
{
    struct record_of of = {.envelope = envelope};
    size_t at = set->text.n;
    enum rc rc = envelope_encode(record, &set->text, &of.encoded, err);
    if (rc != RC_OK || buf_add(&set->records, &of, sizeof of))
        return rc;
    set->text.n = at;
    return err_set(err, RC_REJECT, "the body makes more records than one set may hold");
}

static const struct record_of *last_of(const struct outset *set)
{
    return (const struct record_of *)(const void *)(set->records.p + set->records.n) - 1;
}

struct str outset_last_record(const struct outset *set)
{
    const struct envelope_record *encoded = &last_of(set)->encoded;
    return (struct str){set->text.p + encoded->at, encoded->n};
}

void outset_drop_record(struct outset *set)
{
    set->text.n = last_of(set)->encoded.at;
    set->records.n -= sizeof(struct record_of);
}

static void add(struct outset *set, struct addition_list *list, struct addition *addition)
{
    *list->last = addition;
    list->last = &addition->next;
    set->addition_count++;
}

bool outset_add_letter(struct outset *set, const struct envelope *envelope,
                       const struct deadletter *letter, struct str key)
{
    struct letter *added = arena_alloc(set->arena, sizeof *added);
    if (added == NULL)
        return false;
    struct deadletter whole = *letter;
    whole.external_id = arena_str(set->arena, letter->external_id);
    whole.detail = arena_str(set->arena, letter->detail);
    whole.path = arena_str(set->arena, letter->path);
    whole.origin = arena_str(set->arena, letter->origin);
    envelope_letter(envelope, &whole);
    deadletter_to_message(&whole, &added->scratch, &added->addition.message);
    added->addition.message.key = key;
    add(set, &set->letters, &added->addition);
    return true;
}

bool outset_add_raw(struct outset *set, const struct envelope *envelope,
                    const struct outset_raw *raw)
{
    struct raw *added = arena_alloc(set->arena, sizeof *added);
    if (added == NULL)
        return false;
    struct bus_header *headers = added->headers;
    size_t n = 0;
    clock_format(raw->received_at_us, added->received_at);
    headers[n++] = (struct bus_header){STR_LIT("tenant"), envelope->tenant};
    headers[n++] = (struct bus_header){STR_LIT("tenant_id"), str_of(envelope->tenant_id)};
    headers[n++] = (struct bus_header){STR_LIT("channel_id"), str_of(envelope->channel_id)};
    headers[n++] = (struct bus_header){STR_LIT("connector"), envelope->connector};
    headers[n++] = (struct bus_header){STR_LIT("received-at"), str_of(added->received_at)};
    headers[n++] = (struct bus_header){STR_LIT("request-id"), raw->key};
    if (!str_is_null(raw->format))
        headers[n++] = (struct bus_header){STR_LIT("format"), raw->format};
    if (!str_is_null(raw->content_type))
        headers[n++] = (struct bus_header){STR_LIT("content-type"), raw->content_type};
    added->addition.message = (struct bus_message){.topic = BUS_RAW,
                                                   .key = raw->key,
                                                   .value = raw->bytes,
                                                   .headers = headers,
                                                   .header_count = n};
    add(set, &set->raws, &added->addition);
    return true;
}

struct str outset_keep(struct outset *set, struct str bytes)
{
    return arena_str(set->arena, bytes);
}

/* ---- what comes out ---- */

static size_t record_count(const struct outset *set)
{
    return set->records.n / sizeof(struct record_of);
}

size_t outset_count(const struct outset *set)
{
    return record_count(set) + set->addition_count;
}

size_t outset_bytes(const struct outset *set)
{
    return set->text.n + arena_used(set->arena);
}

static void put(struct outset *set, const struct bus_message *message)
{
    bool added = buf_add(&set->messages, message, sizeof *message);
    (void)added; /* the maximum is above what "records" and the arena can hold together */
}

static void put_all(struct outset *set, const struct addition_list *list)
{
    for (const struct addition *addition = list->first; addition != NULL; addition = addition->next)
        put(set, &addition->message);
}

const struct bus_message *outset_messages(struct outset *set)
{
    const struct record_of *records = (const void *)set->records.p;
    buf_reset(&set->messages);
    for (size_t i = 0; i < record_count(set); i++) {
        struct bus_message message =
            envelope_message(records[i].envelope, &records[i].encoded, &set->text);
        put(set, &message);
    }
    put_all(set, &set->letters);
    put_all(set, &set->raws);
    return (const struct bus_message *)(const void *)set->messages.p;
}
