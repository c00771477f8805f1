#include "connectors/pop3_seen.h"

#include <stdlib.h>

#include "lib/decimal.h"
#include "lib/digest.h"
#include "lib/hex.h"
#include "lib/limits.h"
#include "transform/jpath.h"

#define ID_BYTES sizeof(uint64_t)
#define ID_DIGITS (2 * ID_BYTES)
#define SUSPECT_DIGITS (ID_DIGITS + 2)

uint64_t pop3_seen_id(struct str uidl)
{
    unsigned char digest[DIGEST_SHA256_BYTES];
    uint64_t id;
    digest_sha256(uidl, digest);
    memcpy(&id, digest, sizeof id);
    return id;
}

static int by_id(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

bool pop3_seen_has(const struct pop3_seen *seen, uint64_t id)
{
    return seen->n > 0 && bsearch(&id, seen->ids, seen->n, sizeof *seen->ids, by_id) != NULL;
}

void pop3_seen_add(struct pop3_seen *seen, uint64_t id)
{
    if (seen->n == seen->room) {
        seen->room = seen->room > 0 ? seen->room * 2 : 1024;
        seen->ids = xrealloc(seen->ids, seen->room * sizeof *seen->ids);
    }
    seen->ids[seen->n++] = id;
}

static size_t find_suspect(const struct pop3_seen *seen, uint64_t id)
{
    size_t at = 0;
    while (at < seen->suspect_count && seen->suspects[at].id != id)
        at++;
    return at;
}

unsigned pop3_seen_failures(const struct pop3_seen *seen, uint64_t id)
{
    size_t at = find_suspect(seen, id);
    return at < seen->suspect_count ? seen->suspects[at].failures : 0;
}

void pop3_seen_set_failures(struct pop3_seen *seen, uint64_t id, unsigned failures)
{
    size_t at = find_suspect(seen, id);
    if (at == POP3_SUSPECTS_MOST || (at == seen->suspect_count && failures == 0))
        return;
    seen->suspect_count += at == seen->suspect_count;
    seen->suspects[at] = (struct pop3_suspect){id, failures < 255 ? failures : 255};
    if (failures == 0)
        seen->suspects[at] = seen->suspects[--seen->suspect_count];
}

void pop3_seen_done(struct pop3_seen *seen)
{
    free(seen->ids);
    *seen = (struct pop3_seen){.ids = NULL};
}

/* ---- as JSON ---- */

struct fields {
    struct str seen, suspects;
};

static const struct jpath_rule rules[] = {
    JPATH_STR("seen", struct fields, seen),
    JPATH_STR("suspects", struct fields, suspects),
    JPATH_RULES_END,
};

static bool take_id(const char *digits, uint64_t *id_out)
{
    return hex_decode((struct str){digits, ID_DIGITS}, (unsigned char *)id_out, ID_BYTES);
}

static void take(struct pop3_seen *seen, const struct fields *fields)
{
    uint64_t id;
    unsigned char failures;
    for (size_t at = 0; at + ID_DIGITS <= fields->seen.n; at += ID_DIGITS)
        if (take_id(fields->seen.p + at, &id))
            pop3_seen_add(seen, id);
    if (seen->n > 0)
        qsort(seen->ids, seen->n, sizeof *seen->ids, by_id);
    for (size_t at = 0; at + SUSPECT_DIGITS <= fields->suspects.n; at += SUSPECT_DIGITS)
        if (take_id(fields->suspects.p + at, &id) &&
            hex_take(fields->suspects.p + at + ID_DIGITS, &failures))
            pop3_seen_set_failures(seen, id, failures);
}

void pop3_seen_read(struct pop3_seen *seen, struct str json)
{
    static const struct jpath_limits limits = {8, POP3_SEEN_BYTES, POP3_SEEN_BYTES};
    struct fields fields = {STR_NULL, STR_NULL};
    struct jpath *jpath = jpath_new(rules);
    struct arena *arena = arena_new("mails read", 2 * (size_t)POP3_SEEN_BYTES);
    struct err ignored;
    jpath_begin(jpath, &limits, arena, &fields, NULL);
    if (jpath_feed(jpath, json.p, json.n, &ignored) == RC_OK &&
        jpath_finish(jpath, &ignored) == RC_OK)
        take(seen, &fields);
    arena_free(&arena);
    jpath_free(&jpath);
}

static void add_hex(struct buf *out, const void *bytes, size_t n)
{
    char text[ID_DIGITS + 1];
    hex_encode(bytes, n, text);
    (void)buf_add(out, text, 2 * n);
}

void pop3_seen_write(struct buf *out, const struct pop3_seen *seen)
{
    (void)buf_add_text(out, "{\"seen\":\"");
    for (size_t i = 0; i < seen->n; i++)
        add_hex(out, &seen->ids[i], ID_BYTES);
    (void)buf_add_text(out, "\",\"suspects\":\"");
    for (size_t i = 0; i < seen->suspect_count; i++) {
        unsigned char failures = (unsigned char)seen->suspects[i].failures;
        add_hex(out, &seen->suspects[i].id, ID_BYTES);
        add_hex(out, &failures, 1);
    }
    (void)buf_add_text(out, "\"}");
}
