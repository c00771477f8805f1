/* loading.h: a bus, a database and a loader for the tests of loaders.
 *
 * Records are made as structs, encoded as JSON and put on an embedded bus in a fresh folder, so
 * that each test goes the whole way from the bus to rows. */
#ifndef SLUICE_TESTS_FLOW_LOADERS_LOADING_H
#define SLUICE_TESTS_FLOW_LOADERS_LOADING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus/bus.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/limits.h"
#include "loaders/load.h"
#include "tests/support/database.h"
#include "transform/ids.h"
#include "transform/record.h"

#define LOADING_ACCOUNT "106540352242922"
/* 2026-03-02T15:00:00Z, a Monday, 10:00 in the tenants' time zone. */
#define LOADING_T0 INT64_C(1772463600000000)
#define MINUTES(n) ((int64_t)(n)*60 * US_PER_SECOND)

enum { LOADING_TENANTS = 2 };

struct loading {
    struct test_database *database;
    char folder[64];
    char bus_path[96];
    struct bus_conf bus;
    struct bus_producer *producer;
    struct catalog_channel channels[LOADING_TENANTS];
    struct catalog_tenant tenants[LOADING_TENANTS];
    struct catalog catalog;
    struct load_conf conf;
    struct load_counts counts; /* of the last loading_run */
};

static inline int loading_remove_one(const char *path, const struct stat *status, int flag,
                                     struct FTW *walk)
{
    (void)status, (void)flag, (void)walk;
    return remove(path);
}

static inline void loading_new_bus(struct loading *loading)
{
    struct err err;
    bus_producer_close(&loading->producer, 1000);
    (void)snprintf(loading->folder, sizeof loading->folder, "/tmp/sluice-loading-XXXXXX");
    assert_non_null(mkdtemp(loading->folder));
    (void)snprintf(loading->bus_path, sizeof loading->bus_path, "%s/bus.db", loading->folder);
    loading->bus = (struct bus_conf){
        .kind = BUS_EMBEDDED,
        .topic_prefix = "sluice",
        .path = loading->bus_path,
        .retention_days = 30,
        .partitions = 4,
        .replication = 1,
        .delivery_timeout_ms = 10000,
    };
    if (bus_prepare(&loading->bus, &err) != RC_OK ||
        bus_producer_open(&loading->bus, &loading->producer, &err) != RC_OK)
        fail_msg("%s", err.msg);
}

static inline void loading_drop_bus(struct loading *loading)
{
    bus_producer_close(&loading->producer, 1000);
    (void)nftw(loading->folder, loading_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void loading_catalog(struct loading *loading)
{
    static const char *const slugs[LOADING_TENANTS] = {"acme", "globex"};
    for (size_t i = 0; i < LOADING_TENANTS; i++) {
        struct catalog_tenant *tenant = &loading->tenants[i];
        struct catalog_channel *channel = &loading->channels[i];
        *tenant = (struct catalog_tenant){.id = ids_tenant(str_of(slugs[i])),
                                          .slug = slugs[i],
                                          .name = slugs[i],
                                          .timezone = "America/Bogota",
                                          .channels = channel,
                                          .channel_count = 1};
        *channel = (struct catalog_channel){
            .id = ids_channel(&tenant->id, STR_LIT("whatsapp_cloud"), STR_LIT(LOADING_ACCOUNT)),
            .provider = "whatsapp_cloud",
            .medium = "whatsapp",
            .account = LOADING_ACCOUNT,
            .name = "wa-main",
            .session_gap_s = 86400,
            .outbound_visible = true};
    }
    loading->catalog = (struct catalog){loading->tenants, LOADING_TENANTS};
}

/* The first tenant's channel becomes another one: before anything is loaded. */
static inline void loading_use_channel(struct loading *loading, const char *provider,
                                       const char *medium, const char *account)
{
    struct catalog_channel *channel = &loading->channels[0];
    channel->id = ids_channel(&loading->tenants[0].id, str_of(provider), str_of(account));
    channel->provider = provider;
    channel->medium = medium;
    channel->account = account;
}

static inline struct loading *loading_new(void)
{
    struct loading *loading = calloc(1, sizeof *loading);
    assert_non_null(loading);
    loading->database = test_database_new();
    loading_catalog(loading);
    loading_new_bus(loading);
    loading->conf = (struct load_conf){
        .database_url = loading->database->url,
        .group = "sluice-loader",
        .batch_records = 5000,
        .batch_bytes = LIMIT_BATCH_BYTES,
        .batch_wait_ms = 5,
        .until_idle = true,
        .idle_ms = 50,
        .catalog = &loading->catalog,
    };
    return loading;
}

static inline void loading_free(struct loading *loading)
{
    loading_drop_bus(loading);
    test_database_free(&loading->database);
    free(loading);
}

static inline int loading_setup(void **state)
{
    *state = loading_new();
    return 0;
}

static inline int loading_teardown(void **state)
{
    loading_free(*state);
    return 0;
}

/* ---- the bus ---- */

static inline void loading_put_bytes(struct loading *loading, enum bus_topic topic, struct str key,
                                     struct str value)
{
    const struct bus_header headers[] = {{STR_LIT("tenant"), STR_LIT("acme")},
                                         {STR_LIT("kind"), STR_LIT("message")}};
    const struct bus_message message = {
        .topic = topic, .key = key, .value = value, .headers = headers, .header_count = 2};
    struct err err;
    if (bus_produce_wait(loading->producer, &message, 1, &err) != RC_OK)
        fail_msg("%s", err.msg);
}

static inline void loading_put(struct loading *loading, const struct record *record)
{
    struct buf json;
    struct err err;
    char key[UUID_TEXT_BYTES];
    const struct uuid id = record_bus_key(record);
    uuid_format(&id, key);
    buf_init(&json, LIMIT_RECORD_BYTES);
    if (record_encode(record, &json, &err) != RC_OK)
        fail_msg("%s", err.msg);
    loading_put_bytes(loading, BUS_RECORDS, str_of(key), buf_peek(&json));
    buf_done(&json);
}

/* Many at once, confirmed as one. */
static inline void loading_put_many(struct loading *loading, const struct record *records,
                                    const size_t *order, size_t count)
{
    struct bus_message *messages = calloc(count, sizeof *messages);
    struct buf *texts = calloc(count, sizeof *texts);
    char(*keys)[UUID_TEXT_BYTES] = calloc(count, sizeof *keys);
    struct err err;
    assert_true(messages != NULL && texts != NULL && keys != NULL);
    for (size_t i = 0; i < count; i++) {
        const struct record *record = &records[order != NULL ? order[i] : i];
        const struct uuid id = record_bus_key(record);
        uuid_format(&id, keys[i]);
        buf_init(&texts[i], LIMIT_RECORD_BYTES);
        if (record_encode(record, &texts[i], &err) != RC_OK)
            fail_msg("%s", err.msg);
        messages[i] = (struct bus_message){
            .topic = BUS_RECORDS, .key = str_of(keys[i]), .value = buf_peek(&texts[i])};
    }
    if (bus_produce_wait(loading->producer, messages, count, &err) != RC_OK)
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < count; i++)
        buf_done(&texts[i]);
    free(keys);
    free(texts);
    free(messages);
}

/* A loader in a process of its own; the parent holds nothing of the bus open meanwhile. */
static inline pid_t loading_start(const struct loading *loading)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child > 0)
        return child;
    struct load_counts counts;
    struct err err;
    _exit(load_run(&loading->conf, &loading->bus, &counts, &err) == RC_OK ? 0 : 1);
}

static inline void loading_run(struct loading *loading)
{
    struct err err;
    if (load_run(&loading->conf, &loading->bus, &loading->counts, &err) != RC_OK)
        fail_msg("%s", err.msg);
}

/* Each in a transaction of its own. */
static inline void loading_put_run(struct loading *loading, const struct record *record)
{
    loading_put(loading, record);
    loading_run(loading);
}

/* ---- records: as a normalizer would make them; tests then set what they are about ---- */

static inline struct record loading_record(enum record_kind kind, const char *id_kind,
                                           const char *external_id, const char *tenant)
{
    struct record record;
    record_init(&record, kind);
    record.tenant = str_of(tenant);
    record.tenant_id = ids_tenant(record.tenant);
    record.provider = STR_LIT("whatsapp_cloud");
    record.channel_id = ids_channel(&record.tenant_id, record.provider, STR_LIT(LOADING_ACCOUNT));
    record.external_id = str_of(external_id);
    record.id = ids_entity(id_kind, &record.tenant_id, &record.channel_id, record.external_id);
    record.observed_at = LOADING_T0 + MINUTES(60);
    record.source_kind = SOURCE_WEBHOOK;
    return record;
}

static inline struct uuid loading_id(const struct record *record, const char *kind,
                                     const char *external_id)
{
    return ids_entity(kind, &record->tenant_id, &record->channel_id, str_of(external_id));
}

static inline struct record loading_message_of(const char *tenant, const char *external_id,
                                               const char *thread, int64_t sent_at,
                                               const char *text)
{
    struct record record = loading_record(RECORD_MESSAGE, "message", external_id, tenant);
    struct record_message *message = &record.message;
    message->conversation_external_id = message->contact_external_id = str_of(thread);
    message->conversation_id = loading_id(&record, "conversation", thread);
    message->contact_id = loading_id(&record, "contact", thread);
    message->conversation_kind = STR_LIT("direct");
    message->channel = STR_LIT("whatsapp");
    message->direction = STR_LIT("inbound");
    message->content_as_of = sent_at;
    message->sender_type = STR_LIT("contact");
    message->type = STR_LIT("text");
    message->text = str_of(text);
    message->ordinal = 0;
    message->sent_at = sent_at;
    message->status = STR_LIT("received");
    return record;
}

static inline struct record loading_message(const char *external_id, int64_t sent_at,
                                            const char *text)
{
    return loading_message_of("acme", external_id, "573001112233", sent_at, text);
}

static inline void loading_make_outbound(struct record *record, const char *status)
{
    record->message.direction = STR_LIT("outbound");
    record->message.sender_type = STR_LIT("agent");
    record->message.status = str_of(status);
}

/* What a status emits beside its event: the message, as far as a status tells. */
static inline struct record loading_stub(const char *external_id, const char *status, int64_t at)
{
    struct record record = loading_message(external_id, at, NULL);
    loading_make_outbound(&record, status);
    record.message.content_as_of = 0;
    record.message.type = STR_LIT("unsupported");
    record.message.subtype = STR_LIT("stub");
    return record;
}

/* text must outlive the record. */
static inline struct record loading_status(const char *message, const char *status, int64_t at,
                                           char text[static 256])
{
    struct record record = loading_record(RECORD_MESSAGE_STATUS, "message", message, "acme");
    struct record_message_status *event = &record.message_status;
    (void)snprintf(text, 256, "%s\x1f%s\x1f\x1f%lld", message, status, (long long)(at / US_PER_MS));
    event->message_id = record.id;
    event->message_external_id = record.external_id;
    event->conversation_external_id = STR_LIT("573001112233");
    event->conversation_id = loading_id(&record, "conversation", "573001112233");
    event->status = str_of(status);
    event->occurred_at = at;
    record.id = ids_status(&record.tenant_id, &record.channel_id, event->message_external_id,
                           event->status, STR_LIT(""), at);
    record.external_id = str_of(text);
    return record;
}

/* ---- what is stored ---- */

static inline void loading_expect(struct loading *loading, const char *sql, const char *expected)
{
    char *rows = test_database_rows(loading->database->connection, sql);
    size_t n = strlen(rows);
    if (n > 0 && rows[n - 1] == '\n')
        rows[n - 1] = '\0';
    if (strcmp(rows, expected) != 0)
        fail_msg("%s\nexpected:\n%s\nfound:\n%s", sql, expected, rows);
    free(rows);
}

#endif
