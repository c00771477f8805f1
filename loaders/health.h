/* health.h: what the database says of the pipeline's state. Reads, never writes.
 *
 * Owns:    every text and list lives in the arena.
 * Errors:  as database.h; RC_FATAL with "sluice migrate" as the hint when the schema is missing;
 * RC_REJECT = more than the arena holds.
 * Threads: as the connection, which must see every tenant (health_open). */
#ifndef SLUICE_LOADERS_HEALTH_H
#define SLUICE_LOADERS_HEALTH_H

#include <stddef.h>
#include <stdint.h>

#include "lib/arena.h"
#include "loaders/migrate.h"

struct health_channel {
    const char *tenant;
    const char *name;
    const char *provider;
    const char *last_message_at; /* RFC 3339; NULL = none yet */
};

struct health_pull { /* a connector that is pulled, and what of it */
    const char *tenant;
    const char *name;
    const char *entity;        /* chats, contacts, messages */
    const char *status;        /* idle, error, ... */
    const char *succeeded_at;  /* start of the last run that ended well; NULL = none yet */
    int64_t written, rejected; /* records of the last run */
    const char *error;         /* of the last run, if that failed */
};

struct health_letters {
    const char *tenant;
    const char *stage;
    const char *reason;
    int64_t count;
};

struct health_offset {
    const char *bus;   /* identity of the log */
    const char *topic; /* with its prefix */
    int32_t partition;
    int64_t next_offset;
};

struct health {
    struct migrate_state schema;
    struct health_channel *channels;
    size_t channel_count;
    struct health_pull *pulls;
    size_t pull_count;
    struct health_letters *letters; /* open ones, by reason */
    size_t letters_count;
    struct health_offset *offsets; /* stored for the group */
    size_t offset_count;
    int64_t dirty_days, dirty_conversations;
};

/* A connection that sees every tenant. */
enum rc health_open(const char *url, PGconn **connection_out, struct err *err) MUST_USE;
enum rc health_read(PGconn *connection, const char *group, struct arena *arena,
                    struct health *health_out, struct err *err) MUST_USE;

#endif
