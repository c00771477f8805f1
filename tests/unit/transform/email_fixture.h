/* email_fixture.h: raw mails to records, for the tests of the email channel. */
#ifndef SLUICE_TESTS_EMAIL_FIXTURE_H
#define SLUICE_TESTS_EMAIL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

#include "lib/limits.h"
#include "transform/ids.h"
#include "transform/normalizer.h"

#define MAILBOX "soporte@example.org"
#define RECORDS_MOST 4096

struct fixture {
    struct normalizer_conf conf;
    struct channel_account account;
    struct channel_settings settings;
    struct document document;
    struct arena *arena;
    struct record *records;
    size_t count;
    struct reject reject; /* the last one */
    size_t rejects;
};

static inline enum rc fixture_keep(void *context, const struct record *record, struct err *err)
{
    struct fixture *f = context;
    struct buf line;
    buf_init(&line, LIMIT_RECORD_BYTES);
    assert_int_equal(record_encode(record, &line, err), RC_OK);
    assert_true(f->count < RECORDS_MOST);
    assert_int_equal(record_decode(buf_peek(&line), f->arena, &f->records[f->count], err), RC_OK);
    f->count++;
    buf_done(&line);
    return RC_OK;
}

static inline enum rc fixture_reject(void *context, const struct reject *reject, struct err *err)
{
    (void)err;
    struct fixture *f = context;
    f->reject = *reject;
    f->reject.detail = arena_str(f->arena, reject->detail);
    f->rejects++;
    return RC_OK;
}

static inline void fixture_init(struct fixture *f)
{
    *f = (struct fixture){.conf = {.channel = STR_LIT("email"),
                                   .provider = STR_LIT("mime"),
                                   .format = STR_LIT("message"),
                                   .tenant = STR_LIT("acme"),
                                   .account_count = 1}};
    f->conf.tenant_id = ids_tenant(f->conf.tenant);
    f->account = (struct channel_account){
        STR_LIT(MAILBOX), STR_LIT("email_imap"),
        ids_channel(&f->conf.tenant_id, STR_LIT("email_imap"), STR_LIT(MAILBOX)), &f->settings};
    int64_t observed_at = TIME_NONE;
    assert_true(clock_parse(STR_LIT("2025-03-05T00:00:00Z"), &observed_at));
    f->document = document_at(observed_at, SOURCE_POLL);
    f->arena = arena_new("test", 512 * MIB);
    f->records = xcalloc(RECORDS_MOST, sizeof *f->records);
    f->conf.any_account = true;
}

static inline void fixture_done(struct fixture *f)
{
    free(f->records);
    arena_free(&f->arena);
}

/* The records of one mail are added to those before. */
static inline void fixture_read(struct fixture *f, struct str raw)
{
    struct normalizer_sink sink = {fixture_keep, fixture_reject, f};
    struct normalizer *normalizer = NULL;
    struct err err;
    f->conf.accounts = &f->account;
    assert_int_equal(normalizer_new(&f->conf, &sink, &normalizer, &err), RC_OK);
    normalizer_begin(normalizer, &f->document);
    assert_int_equal(normalizer_feed(normalizer, raw.p, raw.n, &err), RC_OK);
    assert_int_equal(normalizer_end(normalizer, &err), RC_OK);
    normalizer_free(&normalizer);
}

/* Of one mail alone. */
static inline void fixture_only(struct fixture *f, const char *raw)
{
    f->count = f->rejects = 0;
    fixture_read(f, str_of(raw));
}

static inline struct record *fixture_find(struct fixture *f, enum record_kind kind)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->records[i].kind == kind)
            return &f->records[i];
    return NULL;
}

static inline size_t fixture_count(const struct fixture *f, enum record_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < f->count; i++)
        n += f->records[i].kind == kind;
    return n;
}

static inline struct record_message *fixture_message(struct fixture *f)
{
    struct record *record = fixture_find(f, RECORD_MESSAGE);
    assert_non_null(record);
    return &record->message;
}

static inline void assert_text(struct str found, const char *expected)
{
    if (expected == NULL) {
        assert_true(str_is_null(found));
        return;
    }
    assert_non_null(found.p);
    char text[4096];
    assert_true(found.n < sizeof text);
    memcpy(text, found.p, found.n);
    text[found.n] = '\0';
    assert_string_equal(text, expected);
}

static inline bool holds(struct str text, const char *part)
{
    return text.n > 0 && memmem(text.p, text.n, part, strlen(part)) != NULL;
}

#endif
